/// Text to token ids and back, as one model's own tokenizer does it.
///
/// Text never becomes a control token: "</s>" or "[SEP]" in it are the characters they are.
package protocol Tokenizer: Sendable {
  var vocabularySize: Int { get }
  /// Largest text in bytes that `encode` takes.
  var maximumBytes: Int { get }
  /// Texts of so many bytes together are short: whatever is in them, they are encoded within about
  /// a millisecond, so an event loop may do it.
  var shortBytes: Int { get }

  /// The ids of a text, with the tokens that the model expects around it.
  ///
  /// - Throws: where the text is longer than `maximumBytes`.
  func encode(_ text: String) throws(TokenizerError) -> [Int32]

  /// A bound that costs no encoding: the text has so many tokens or more.
  func fewestTokens(of text: String) -> Int

  /// The text of ids; control tokens and ids outside the vocabulary give none.
  func decode(_ ids: [Int32]) -> String
}

/// Why a tokenizer cannot be made, or a text not be encoded.
package struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// The tokenizer's own files are wrong.
    case invalidTokenizer
    /// The text is longer than allowed.
    case textTooLong
    /// Whoever wanted the text's ids has gone.
    case cancelled
  }
  package let code: Code
  package let reason: String

  package init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  package var description: String { reason }
}

extension Tokenizer {
  /// Refuses a text that is longer than `maximumBytes`.
  func checkLength(_ text: String) throws(TokenizerError) {
    let count = text.utf8.count
    guard count <= maximumBytes else {
      throw TokenizerError(
        .textTooLong, "the text has \(count) bytes; at most \(maximumBytes) are allowed")
    }
  }
}
