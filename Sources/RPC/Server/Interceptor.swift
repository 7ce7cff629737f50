public import Messages

/// Something that runs around calls: authentication, rate limits, measurements.
///
/// Interceptors are bound to the methods once, when the server is made; without any, calls pay
/// nothing for them.
public protocol Interceptor: Sendable {
  /// Judges one call by its head, on its connection's loop, before a byte of its messages is kept:
  /// throw to reject it. Must return quickly.
  func admit(_ method: MethodHandler, _ context: CallContext) throws(Status)

  /// Runs around one call, on its connection's loop: throw a `Status` to reject it, call `next`
  /// once to go on, look at what `next` throws to know its outcome.
  func intercept(
    _ method: MethodHandler, _ context: CallContext, next: () async throws -> Void
  ) async throws
}

extension Interceptor {
  public func admit(_ method: MethodHandler, _ context: CallContext) throws(Status) {}
}

extension MethodHandler {
  /// The method with interceptors around it, the first outermost.
  func intercepted(by interceptors: [any Interceptor]) -> MethodHandler {
    var method = self
    for interceptor in interceptors.reversed() {
      let inner = method
      method = MethodHandler(path: path, shape: shape) { inbound, outbound, context in
        try await interceptor.intercept(inner, context) {
          try await inner.call(inbound, outbound, context)
        }
      }
    }
    return method
  }
}
