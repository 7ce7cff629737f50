import Compute
import Foundation
import Models
import TestSupport
import Testing
import Tokenizers

@testable import Inference

@Suite struct EncoderGoldenTests {
  @Test(arguments: [
    (EncoderBackend.Precision.stored, 0.999_99), (.int8, 0.99),
  ])
  func embeddingsAreThoseOfTorch(precision: EncoderBackend.Precision, least: Double) throws {
    guard let backend = try MiniLM.backend(precision) else { return }
    let cases = try MiniLM.golden()
    // Debug builds compile the kernels unoptimised: a few short texts will do.
    let chosen = cases.filter { $0.embedding != nil && (Build.isOptimised || $0.ids.count < 10) }
    let embeddings = try backend.compute(chosen.map(\.ids))
    for (expected, embedding) in zip(chosen, embeddings) {
      #expect(cosine(try #require(expected.embedding), embedding) >= least, "\(expected.text)")
      #expect(backend.normalizes)
      let squares = EncoderBackend.normalized(embedding).reduce(0) { $0 + $1 * $1 }
      #expect(abs(squares - 1) < 1e-5)
    }
  }

  /// On the STS-Benchmark's development set: what int8 costs against the same model in f32.
  @Test(.enabled(if: Build.isOptimised, "kernels are slow in debug; run with -c release"))
  func int8StaysCloseOnEverySentence() throws {
    guard let path = SharedData.path("data/sts-dev.tsv"), let folder = MiniLM.folder(),
      let reference = try MiniLM.backend(.stored, threads: 2),
      let backend = try MiniLM.backend(.int8, threads: 2)
    else { return }
    let rows = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
    let tokenizer = try WordPieceTokenizer(
      folder: folder, maximumTokens: backend.maximumTokens)
    let ids = try (rows.map { $0[5] } + rows.map { $0[6] }).map { try tokenizer.encode(String($0)) }
    let exact = try reference.compute(ids)
    let quantized = try backend.compute(ids)
    let cosines = zip(exact, quantized).map(cosine)
    let least = try #require(cosines.min())
    #expect(least >= 0.99)
    let mean = cosines.reduce(0, +) / Double(cosines.count)
    print("cosine to f32 over \(cosines.count) sentences: least \(least), mean \(mean)")
    let gold = rows.compactMap { Double($0[4]) }
    func spearman(_ embeddings: [[Float]]) -> Double {
      let (first, second) = (embeddings.prefix(rows.count), embeddings.suffix(rows.count))
      return 100 * correlation(ranks(zip(first, second).map(cosine)), ranks(gold))
    }
    print("Spearman: f32 \(spearman(exact)), int8 \(spearman(quantized))")
    #expect(abs(spearman(quantized) - spearman(exact)) < 0.5)
  }
}

/// Ranks from 0; equal values share the mean of theirs.
private func ranks(_ values: [Double]) -> [Double] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var ranks = [Double](repeating: 0, count: values.count)
  var first = 0
  while first < order.count {
    var last = first
    while last + 1 < order.count && values[order[last + 1]] == values[order[first]] { last += 1 }
    for index in first...last { ranks[order[index]] = Double(first + last) / 2 }
    first = last + 1
  }
  return ranks
}

/// Pearson's.
private func correlation(_ a: [Double], _ b: [Double]) -> Double {
  let (ma, mb) = (a.reduce(0, +) / Double(a.count), b.reduce(0, +) / Double(b.count))
  var (ab, aa, bb) = (0.0, 0.0, 0.0)
  for (x, y) in zip(a, b) {
    ab += (x - ma) * (y - mb)
    aa += (x - ma) * (x - ma)
    bb += (y - mb) * (y - mb)
  }
  return ab / (aa * bb).squareRoot()
}
