internal import Messages
internal import Synchronization

/// The messages of one StreamPredict; the first can be waited for before it is read. One reader.
final class TokenStream: Sendable {
  private let call: ServerStreamingCall<ApusV1.StreamPredictResponse>
  private let first = Mutex<ApusV1.StreamPredictResponse?>(nil)
  private let answering = Mutex("")

  init(_ call: ServerStreamingCall<ApusV1.StreamPredictResponse>) { self.call = call }

  /// Waits until the call has shown that it goes well. To be called once, before `next`.
  func begin() async throws {
    let message = try await call.next()
    answering.withLock { $0 = message?.model ?? "" }
    first.withLock { $0 = message }
  }

  /// The model that answers; empty before `begin`.
  var model: String { answering.withLock { $0 } }

  /// Nil after the last.
  func next() async throws -> ApusV1.StreamPredictResponse? {
    if let message = first.withLock({ $0.take() }) { return message }
    return try await call.next()
  }
}

/// One StreamPredict, read to its end.
struct GeneratedText: Sendable {
  private(set) var text = ""
  /// All messages but the last.
  private(set) var tokens: [ApusV1.StreamPredictResponse] = []
  /// The last message, with what only it has.
  private(set) var end = ApusV1.StreamPredictResponse()

  /// - Throws: what the call throws, or INTERNAL if it ended without a last message.
  init(_ stream: TokenStream) async throws {
    while let message = try await stream.next() {
      text += message.text
      if message.finishReason == .unspecified { tokens.append(message) } else { end = message }
    }
    guard end.finishReason != .unspecified else {
      throw Status(.internal, "the generation ended without a reason")
    }
  }
}
