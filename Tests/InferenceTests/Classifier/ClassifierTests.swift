import Bytes
import Compute
import Foundation
import Models
import TestSupport
import Testing

@testable import Inference

@Suite struct ClassifierTests {
  /// A head file of given tensors, in a folder of its own.
  private func head(
    _ json: String, _ tensors: [(name: String, shape: [Int], values: [Float])]
  ) throws -> HeadModel {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "apus-head-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var header: [String] = []
    var data = Data()
    for (name, shape, values) in tensors {
      let start = data.count
      for value in values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
      }
      header.append(
        #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(start),\#(data.count)]}"#)
    }
    let text = Data("{\(header.joined(separator: ","))}".utf8)
    var file = Data()
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { file.append(contentsOf: $0) }
    try Data(json.utf8).write(to: folder.appending(path: "head.json"))
    try (file + text + data).write(to: folder.appending(path: "head.safetensors"))
    return try HeadModel(folder: folder.path)
  }

  @Test func probabilitiesAreTheSoftmaxOfTheHead() throws {
    guard let encoder = try MiniLM.backend() else { return }
    let width = encoder.width
    var random = SplitMix64(seed: 9)
    let weights = (0..<3 * width).map { _ in Float.random(in: -3...3, using: &random) }
    let bias: [Float] = [0.1, -0.2, 0.3]
    let model = try head(
      #"{"base":"minilm","labels":["a","b","c"]}"#,
      [("classifier.weight", [3, width], weights), ("classifier.bias", [3], bias)])
    let backend = try ClassifierBackend(model, encoder: encoder)
    let inputs: [[Int32]] = [[101, 2023, 102], [101, 2204, 3185, 102]]
    // minilm's folder asks for embeddings of length 1, and so its heads get them.
    #expect(encoder.normalizes)
    let embeddings = try encoder.compute(inputs).map(EncoderBackend.normalized)
    let answers = try backend.compute(inputs)
    for (embedding, answer) in zip(embeddings, answers) {
      let scores = (0..<3).map { label in
        (0..<width).reduce(Double(bias[label])) {
          $0 + Double(weights[label * width + $1]) * Double(embedding[$1])
        }
      }
      let sum = scores.map(exp).reduce(0, +)
      #expect(answer.count == 3)
      for (probability, score) in zip(answer, scores) {
        #expect(abs(Double(probability) - exp(score) / sum) < 1e-5)
      }
    }
    #expect(try backend.compute([inputs[1]]) == [answers[1]])
  }

  @Test func aDenseLayerAndItsActivationComeFirst() throws {
    guard let encoder = try MiniLM.backend() else { return }
    let width = encoder.width
    // The dense layer gives (-5, 5) whatever comes in; relu makes that (0, 5).
    let model = try head(
      #"{"base":"minilm","labels":["low","high"],"activation":"relu"}"#,
      [
        ("dense.weight", [2, width], [Float](repeating: 0, count: 2 * width)),
        ("dense.bias", [2], [-5, 5]), ("classifier.weight", [2, 2], [1, 0, 0, 1]),
        ("classifier.bias", [2], [0, 0]),
      ])
    let answer = try ClassifierBackend(model, encoder: encoder).compute([[101, 102]])[0]
    let high = 1 / (1 + exp(-5.0))
    #expect(abs(Double(answer[1]) - high) < 1e-6)
    #expect(abs(Double(answer[0]) - (1 - high)) < 1e-6)
  }

  @Test func aHeadOfAnotherWidthIsRefused() throws {
    guard let encoder = try MiniLM.backend() else { return }
    let model = try head(
      #"{"base":"other","labels":["a"]}"#,
      [("classifier.weight", [1, 8], [0, 0, 0, 0, 0, 0, 0, 0]), ("classifier.bias", [1], [0])])
    let error = #expect(throws: InferenceError.self) {
      try ClassifierBackend(model, encoder: encoder)
    }
    #expect(
      error?.message == "the head takes embeddings of 8 values; its base other gives 384")
  }
}
