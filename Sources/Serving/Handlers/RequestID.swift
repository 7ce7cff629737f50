internal import Messages
import Synchronization

/// Request ids: the caller's when it sent a usable one, otherwise made here.
///
/// Made ones are a random prefix of this process and a counter: unique without a system call each.
package struct RequestIDSource: Sendable {
  /// Longest id a caller may send, in bytes.
  package static let limit = 128

  private final class Counter: Sendable {
    let next = Atomic<UInt64>(1)
  }
  private let prefix: String
  private let counter = Counter()

  package init() {
    var random = SystemRandomNumberGenerator()
    let hex = String(random.next() as UInt64, radix: 16)
    prefix = String(repeating: "0", count: 16 - hex.count) + hex
  }

  /// The id of a call, also noted in its context for the log.
  ///
  /// - Parameter given: what the caller sent; empty for none.
  func id(for given: String, _ context: CallContext) throws(Status) -> String {
    guard given.utf8.count <= RequestIDSource.limit else {
      throw Status(
        .invalidArgument,
        "request_id: \(given.utf8.count) bytes; at most \(RequestIDSource.limit) are allowed")
    }
    let id = given.isEmpty ? fromHeader(context) ?? make() : given
    context.requestID = id
    return id
  }

  /// `x-request-id`, which proxies add without the caller's doing: a bad one is no reason to refuse.
  private func fromHeader(_ context: CallContext) -> String? {
    guard let id = context.metadata["x-request-id"] else { return nil }
    return (1...RequestIDSource.limit).contains(id.utf8.count) ? id : nil
  }

  package func make() -> String {
    let number = counter.next.wrappingAdd(1, ordering: .relaxed).oldValue
    return "\(prefix)-\(String(number, radix: 16))"
  }
}
