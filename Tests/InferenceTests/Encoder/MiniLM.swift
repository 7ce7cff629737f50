import Compute
import Foundation
import Models
import TestSupport
import Tokenizers

@testable import Inference

/// all-MiniLM-L6-v2, and what torch answers with it.
enum MiniLM {
  struct Golden: Decodable {
    struct Case: Decodable {
      let text: String
      let ids: [Int32]
      /// nil where the case is for the tokenizer alone.
      let embedding: [Float]?
    }
    let cases: [Case]
  }

  static func golden() throws -> [Golden.Case] {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let data = try Data(contentsOf: tests.appending(path: "Fixtures/minilm-golden.json"))
    return try JSONDecoder().decode(Golden.self, from: data).cases
  }

  static func folder() -> String? { SharedData.minilm() }

  static func backend(
    _ precision: EncoderBackend.Precision = .int8, threads: Int = 1,
    pieceTokens: Int = EncoderBackend.defaultPieceTokens
  ) throws -> EncoderBackend? {
    guard let folder = folder() else { return nil }
    return try EncoderBackend(
      EncoderModel(folder: folder), processor: Processor(threads: threads), precision: precision,
      pieceTokens: pieceTokens)
  }
}

/// Cosine of the angle between two vectors, in double precision.
func cosine(_ a: [Float], _ b: [Float]) -> Double {
  var (dot, aa, bb) = (0.0, 0.0, 0.0)
  for (x, y) in zip(a, b) {
    dot += Double(x) * Double(y)
    aa += Double(x) * Double(x)
    bb += Double(y) * Double(y)
  }
  return dot / (aa * bb).squareRoot()
}
