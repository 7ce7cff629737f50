import Messages
import TestSupport
import Testing

@testable import Serving

@Suite struct PredictionShapesTests {
  private func ranked(
    _ scores: [Float], _ labels: [String], topK: UInt32?, first: String? = nil
  ) -> [Int] {
    let prediction = ApusV1.Prediction.classification(
      scores, labels: labels, topK.map { ApusV1.PredictOptions(topK: $0) }, first: first)
    guard case .classification(let classification)? = prediction.kind else { return [-1] }
    for label in classification.labels {
      #expect(label.score == scores[Int(label.index)])
      #expect(label.label == (Int(label.index) < labels.count ? labels[Int(label.index)] : ""))
    }
    return classification.labels.map { Int($0.index) }
  }

  /// Few of many are found without sorting all: the same ones, with many equal scores.
  @Test func theBestAreThoseOfAllSorted() {
    var random = SeededGenerator(seed: 5)
    for count in [0, 1, 2, 5, 33, 300] {
      let scores = (0..<count).map { _ in Float(Int.random(in: 0...20, using: &random)) }
      let labels = (0..<max(0, count - 1)).map { "label \($0 % 40)" }
      let all = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
      for topK in [nil, 0, 1, 2, 5, 32, 33, 1000] as [UInt32?] {
        let most = topK.map { $0 == 0 ? count : Int($0) } ?? count
        #expect(ranked(scores, labels, topK: topK) == Array(all.prefix(most)))
        for name in ["label 3", "none"] {
          let chosen = all.first { $0 < labels.count && labels[$0] == name }
          let expected = (chosen.map { [$0] } ?? []) + all.filter { $0 != chosen }
          #expect(
            ranked(scores, labels, topK: topK, first: name) == Array(expected.prefix(most)))
        }
      }
    }
  }
}
