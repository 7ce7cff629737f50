/// A protobuf message as a Swift value. Generated code conforms; nobody else needs to.
///
/// Wire format: https://protobuf.dev/programming-guides/encoding/
public protocol Message: Sendable, Equatable {
  /// Full protobuf name, such as `apus.v1.PredictRequest`.
  static var messageName: String { get }

  /// The message with every field at its default.
  init()

  /// Decodes one message from `bytes`, which are only borrowed for the call.
  ///
  /// - Throws: `DecodingError` naming the message and what broke, never more than
  ///   `limits` allow in depth, elements or memory.
  init(decoding bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws(DecodingError)

  /// Encodes straight into the caller's memory.
  ///
  /// - Parameter reserve: called exactly once with the exact size in bytes; returns that memory.
  func encode(reserve: (Int) -> UnsafeMutableRawBufferPointer)
}
