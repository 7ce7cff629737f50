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

  mutating func add(_ continuation: Continuation, _ number: UInt64) {
    unsafe waiting.append((number, continuation))
  }

  mutating func remove(_ number: UInt64) -> Continuation? {
    guard let index = unsafe waiting.firstIndex(where: { unsafe $0.number == number }) else {
      return nil
    }
    return unsafe waiting.remove(at: index).continuation
  }

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
