/// Bounds on what hostile bytes may make the decoder do.
public struct DecodingLimits: Sendable, Equatable {
  /// Deepest nesting of messages (protobuf's own default is 100); at most 200 count.
  public var depth: Int
  /// Most bytes the decoded C structures may take, as a multiple of the encoded size plus 4 KiB.
  public var expansion: Int
  /// Most elements in all repeated fields together.
  public var elements: Int
  /// Most values that are no plain numbers: messages and what is merged into them, texts, lists of
  /// numbers, unknown fields. Each costs many times its two bytes; numbers do not.
  public var parts: Int

  public init(
    depth: Int = 64, expansion: Int = 64, elements: Int = 16_777_216, parts: Int = 131_072
  ) {
    self.depth = depth
    self.expansion = expansion
    self.elements = elements
    self.parts = parts
  }

  public static let standard = DecodingLimits()
}

/// Why bytes are no valid message.
public struct DecodingError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: Sendable, Equatable {
    case malformed, tooDeep, tooManyElements, tooLarge, invalidUTF8
  }
  public let code: Code
  /// The message that was being decoded, such as `apus.v1.PredictRequest`.
  public let messageName: String
  /// What broke and what is allowed.
  public let reason: String

  public init(_ code: Code, in messageName: String, _ reason: String) {
    self.code = code
    self.messageName = messageName
    self.reason = reason
  }

  public var description: String { "\(messageName): \(reason)" }
}
