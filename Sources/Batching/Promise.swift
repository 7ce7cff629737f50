/// A suspended task that waits for one value.
///
/// Like a checked continuation without its allocation. `@safe` because of how it is used: it is
/// kept in exactly one place, and whoever takes it out of there resumes it, once.
@safe struct Promise<Value: Sendable>: Sendable {
  private let continuation: UnsafeContinuation<Value, any Error>

  func succeed(_ value: sending Value) { unsafe continuation.resume(returning: value) }
  func resume(with result: Result<Value, any Error>) { unsafe continuation.resume(with: result) }
  func fail(_ error: any Error) { unsafe continuation.resume(throwing: error) }

  /// Suspends until the promise given to `body` is resumed.
  static func wait(
    isolation: isolated (any Actor)? = #isolation, _ body: (Promise) -> Void
  ) async throws -> Value {
    try await unsafe withUnsafeThrowingContinuation { continuation in
      body(unsafe Promise(continuation: continuation))
    }
  }
}
