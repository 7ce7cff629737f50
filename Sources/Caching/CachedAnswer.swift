package import Messages

/// What a model answered, without what belongs to one call alone.
package struct CachedAnswer: Sendable, Equatable {
  package let predictions: [ApusV1.Prediction]
  /// That were read; each call is charged with them.
  package let tokens: Int
  /// Memory that it takes, about.
  package let bytes: Int

  package init(predictions: [ApusV1.Prediction], tokens: Int) {
    self.predictions = predictions
    self.tokens = tokens
    bytes = predictions.reduce(0) { $0 + Self.bytes(of: $1) }
  }

  /// Of an array's or a long text's own memory, beside what it holds.
  private static let header = 32

  private static func bytes(of prediction: ApusV1.Prediction) -> Int {
    let inner =
      switch prediction.kind {
      case .embedding(let embedding): header + 4 * embedding.values.count
      case .values(let values): header + 4 * values.values.count
      case .classification(let classification):
        classification.labels.reduce(header) {
          $0 + MemoryLayout<ApusV1.Label>.stride + Self.bytes(of: $1.label)
        }
      case .text(let text): bytes(of: text)
      case .tensors: 4 * header + prediction.encoded().count
      case nil: 0
      }
    return MemoryLayout<ApusV1.Prediction>.stride + inner
  }

  /// A text of up to 15 bytes stands where its reference would.
  private static func bytes(of text: String) -> Int {
    text.utf8.count > 15 ? header + text.utf8.count : 0
  }
}
