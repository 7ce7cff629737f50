internal import Bytes
internal import Inference
internal import Messages
internal import Models
internal import Tokenizers

/// Texts for a graph that takes tokens, as exports of encoders do: `input_ids`, mostly with
/// `attention_mask` and `token_type_ids`.
struct TextReader: Sendable {
  let tokenizer: any Tokenizer
  /// Most of one text.
  let maximumTokens: Int
  private let ports: [GraphSignature.Port]
  /// Tokens that a text is filled up to; nil where the graph takes any number.
  private let fixedLength: Int?

  private static let known = ["input_ids", "attention_mask", "token_type_ids", "position_ids"]

  /// - Parameter longest: tokens of the longest text that the folder's files allow.
  /// - Returns: nil for a graph that takes no tokens, or without a tokenizer beside it.
  init?(_ signature: GraphSignature, folder: String, longest: Int?) throws {
    let ids = signature.inputs.first { $0.name == "input_ids" }
    guard signature.hasRows, let ids,
      signature.inputs.allSatisfy({
        Self.known.contains($0.name) && $0.shape?.count == 2 && $0.type?.isToken == true
      }),
      ["tokenizer.json", "vocab.txt"].contains(where: { name in
        SmallFile.exists("\(folder)/\(name)")
      })
    else { return nil }
    ports = signature.inputs
    fixedLength = ids.width
    maximumTokens = min(longest ?? 512, fixedLength ?? .max)
    tokenizer = try WordPieceTokenizer(
      folder: folder, maximumTokens: maximumTokens + TokenizedTexts.overshoot)
  }

  /// Whether a request's instances are texts; then all must be.
  func isMeant(by request: ApusV1.PredictRequest) -> Bool {
    request.instances.contains { if case .text = $0.kind { true } else { false } }
  }

  func inputs(
    _ texts: [[Int32]], _ budget: MemoryBudget
  ) throws(Status) -> [GraphBackend.Input] {
    var inputs: [GraphBackend.Input] = []
    inputs.reserveCapacity(texts.count)
    for (index, ids) in texts.enumerated() {
      do {
        let values = try ports.map { try value($0, ids, budget) }
        var input = GraphBackend.Input(values, cost: fixedLength ?? ids.count)
        input.title = "instances[\(index)]"
        inputs.append(input)
      } catch {
        throw Status(ofInput: error, "instances[\(index)].text")
      }
    }
    return inputs
  }

  private func value(
    _ port: GraphSignature.Port, _ ids: [Int32], _ budget: MemoryBudget
  ) throws -> GraphTensor {
    let shape = [1, fixedLength ?? ids.count]
    let made = try GraphTensor.filled(.int64, shape, of: Int64.self, budget) { span in
      for index in span.indices {
        span[index] =
          switch port.name {
          case "input_ids": index < ids.count ? Int64(ids[index]) : 0
          case "attention_mask": index < ids.count ? 1 : 0
          case "position_ids": Int64(index)
          default: 0
          }
      }
    }
    return try made.converted(to: port.type ?? .int64, budget)
  }
}

extension ONNXElementType {
  fileprivate var isToken: Bool { self == .int64 || self == .int32 }
}
