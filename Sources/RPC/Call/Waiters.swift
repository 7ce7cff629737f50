internal import Messages

/// Suspended tasks, in order, that can be found again when they are cancelled.
@safe
struct Waiters {
  typealias Continuation = UnsafeContinuation<Void, any Error>
  private var waiting: ContiguousArray<(number: UInt64, continuation: Continuation)> = unsafe []
  private var lastNumber: UInt64 = 0

  var isEmpty: Bool { unsafe waiting.isEmpty }

  /// A number for a task that may come to wait.
  mutating func makeNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  /// Lets a task wait.
  ///
  /// - Returns: why it cannot, where it was cancelled before.
  mutating func add(
    _ continuation: Continuation, _ number: UInt64
  ) -> Result<Void, any Error>? {
    if Task.isCancelled { return .failure(Self.cancelled) }
    unsafe waiting.append((number, continuation))
    return nil
  }

  mutating func remove(_ number: UInt64) -> Continuation? {
    guard let index = unsafe waiting.firstIndex(where: { unsafe $0.number == number }) else {
      return nil
    }
    return unsafe waiting.remove(at: index).continuation
  }

  /// Suspends the task until it is resumed, or cancelled.
  ///
  /// - Parameters:
  ///   - enter: under the lock that guards the waiters: how the wait ends at once, or what `add`
  ///     answers.
  ///   - cancelled: what `remove` answers under that lock.
  static func wait(
    _ enter: (Continuation) -> Result<Void, any Error>?,
    cancelled leave: @Sendable () -> Continuation?
  ) async throws {
    try await withTaskCancellationHandler {
      try await unsafe withUnsafeThrowingContinuation { continuation in
        if let outcome = unsafe enter(continuation) { unsafe continuation.resume(with: outcome) }
      }
    } onCancel: {
      unsafe leave()?.resume(throwing: Self.cancelled)
    }
  }

  private static let cancelled = Status(.cancelled, "the task was cancelled")

  /// All of them, to be resumed once no lock is held.
  mutating func takeAll() -> Waiters {
    guard !isEmpty else { return Waiters() }
    var taken = Waiters()
    unsafe swap(&taken.waiting, &waiting)
    return taken
  }

  consuming func resume() {
    for unsafe waiter in unsafe waiting { unsafe waiter.continuation.resume() }
  }

  consuming func resume(throwing error: any Error) {
    for unsafe waiter in unsafe waiting { unsafe waiter.continuation.resume(throwing: error) }
  }
}
