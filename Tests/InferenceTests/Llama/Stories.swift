import Compute
import Foundation
import Models
import TestSupport
import Testing
import Tokenizers

@testable import Inference

/// The 260K-parameter model of stories and what llama.cpp answers with it.
enum Stories {
  struct Expected: Decodable {
    struct Case: Decodable {
      let prompt: String
      let promptIDs: [Int32]
      let greedyText: String

      enum CodingKeys: String, CodingKey {
        case prompt
        case promptIDs = "prompt_ids"
        case greedyText = "greedy_96_tokens"
      }
    }
    let cases: [Case]
  }

  static func expected() throws -> [Expected.Case]? {
    guard let path = SharedData.path("models/stories260K.expected.json") else { return nil }
    let data = try Data(contentsOf: URL(filePath: path))
    return try JSONDecoder().decode(Expected.self, from: data).cases
  }

  /// - Parameter kind: "f32" or "q8_0".
  static func model(_ kind: String) throws -> LlamaModel? {
    guard let path = SharedData.path("models/stories260K-\(kind).gguf") else { return nil }
    return try LlamaModel(path: path)
  }

  static func backend(
    _ kind: String, threads: Int = 1, _ change: (inout LlamaBackend.Limits) -> Void = { _ in }
  ) throws -> LlamaBackend? {
    guard let model = try model(kind) else { return nil }
    var limits = LlamaBackend.Limits(kvBytes: 4 << 20)
    change(&limits)
    return try LlamaBackend(model, processor: Processor(threads: threads), limits: limits)
  }
}

/// One sequence run by hand: its tokens, and the KV blocks it may use.
struct Sequence1 {
  var tokens: [Int32]
  var done = 0
  let blocks: [Int32]
  var sampler = Sampler(options: SamplingOptions())

  init(_ tokens: [Int32], blocks: [Int32]) {
    self.tokens = tokens
    self.blocks = blocks
  }

  /// The slice of everything not yet run, or of `count` tokens of it.
  func slice(_ count: Int? = nil) -> SequenceSlice {
    let count = min(count ?? .max, tokens.count - done)
    return SequenceSlice(
      tokens: Array(tokens[done..<done + count]), position: done, blocks: blocks,
      sampler: done + count == tokens.count ? sampler : nil)
  }

  mutating func take(_ output: StepOutput) {
    done = tokens.count
    tokens.append(output.token)
    sampler = output.sampler
  }
}

extension LlamaBackend {
  /// Runs one sequence alone for `count` tokens.
  func generate(_ sequence: inout Sequence1, count: Int) throws {
    for _ in 0..<count {
      let output = try #require(try step([sequence.slice()]).first)
      sequence.take(output)
    }
  }
}
