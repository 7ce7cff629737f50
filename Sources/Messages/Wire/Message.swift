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

  /// Bytes that the message takes when it is encoded.
  var encodedSize: Int { get }
}

extension Message {
  /// Decodes one message from an array.
  public init(
    _ bytes: [UInt8], limits: DecodingLimits = .standard
  ) throws(DecodingError) {
    var result: Result<Self, DecodingError>?
    unsafe bytes.withUnsafeBytes { buffer in
      result = Result { () throws(DecodingError) in
        try unsafe Self(decoding: buffer, limits: limits)
      }
    }
    guard let result else { preconditionFailure("withUnsafeBytes calls its body") }
    self = try result.get()
  }

  /// The encoded message as an array.
  public func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    unsafe encode { size in
      bytes = [UInt8](repeating: 0, count: size)
      return unsafe bytes.withUnsafeMutableBytes { unsafe $0 }
    }
    return bytes
  }
}
