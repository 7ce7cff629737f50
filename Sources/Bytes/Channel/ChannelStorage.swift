public import Synchronization

/// A suspended task, of the unchecked kind (half the cost): that each is resumed exactly once is
/// what the state machine's tests show for every sequence of operations.
@safe @usableFromInline
struct Waiter<Value: Sendable>: Sendable {
  @usableFromInline let continuation: UnsafeContinuation<Value, any Error>

  @inlinable init(_ continuation: UnsafeContinuation<Value, any Error>) {
    unsafe self.continuation = continuation
  }
  @inlinable func resume(returning value: Value) {
    unsafe continuation.resume(returning: value)
  }
  @inlinable func resume(throwing error: any Error) {
    unsafe continuation.resume(throwing: error)
  }
}

/// A channel's lock: runs the state machine under it and resumes continuations outside of it.
@usableFromInline
final class ChannelStorage<Element: Sendable>: Sendable {
  @usableFromInline typealias Consumer = Waiter<Element?>
  @usableFromInline typealias Producer = Waiter<Bool>
  @usableFromInline typealias Machine = ChannelStateMachine<Element, Consumer, Producer>

  @usableFromInline let machine: Mutex<Machine>
  @usableFromInline let ids = Atomic<UInt64>(0)
  /// Called outside the lock whenever a paused channel becomes writable, or ends.
  @usableFromInline let onWritable: (@Sendable () -> Void)?

  @inlinable init(low: Int, high: Int, limit: Int, onWritable: (@Sendable () -> Void)?) {
    machine = Mutex(Machine(low: low, high: high, limit: limit))
    self.onWritable = onWritable
  }

  @inlinable var count: Int { machine.withLock { $0.count } }
  @inlinable var isWritable: Bool { machine.withLock { $0.writable() == .writable } }

  @inlinable func send(_ element: Element) -> SendResult {
    switch machine.withLock({ $0.send(element) }) {
    case .deliver(let element, let consumer):
      consumer.resume(returning: element)
      return .accepted
    case .queued(let result), .refused(let result):
      return result
    }
  }

  @inlinable func poll() -> Element? {
    guard let (element, relief) = machine.withLock({ $0.poll() }) else { return nil }
    perform(relief)
    return element
  }

  @inlinable func next() async throws -> Element? {
    switch machine.withLock({ $0.next() }) {
    case .element(let element, let relief):
      perform(relief)
      return element
    case .end(let error):
      if let error { throw error }
      return nil
    case .wait: return try await suspendConsumer()
    }
  }

  @inlinable func suspendConsumer() async throws -> Element? {
    let id = ids.wrappingAdd(1, ordering: .relaxed).newValue
    return try await withTaskCancellationHandler {
      unsafe try await withUnsafeThrowingContinuation { waiting in
        let continuation = unsafe Waiter(waiting)
        // The check and the registration happen under the lock, and `onCancel` takes the same
        // lock: a cancellation is seen by exactly one of the two.
        let action: Machine.NextAction? = machine.withLock { machine in
          if Task.isCancelled { return nil }
          return machine.consumerWaits(id: id, token: continuation)
        }
        switch action {
        case nil: continuation.resume(throwing: CancellationError())
        case .element(let element, let relief)?:
          continuation.resume(returning: element)
          perform(relief)
        case .end(let error?)?: continuation.resume(throwing: error)
        case .end(nil)?: continuation.resume(returning: nil)
        case .wait?: break
        }
      }
    } onCancel: {
      machine.withLock { $0.consumerCancelled(id: id) }?.resume(throwing: CancellationError())
    }
  }

  /// Suspends while paused; false when the channel has ended.
  @inlinable func writable() async throws -> Bool {
    switch machine.withLock({ $0.writable() }) {
    case .writable: return true
    case .closed: return false
    case .wait: break
    }
    let id = ids.wrappingAdd(1, ordering: .relaxed).newValue
    return try await withTaskCancellationHandler {
      unsafe try await withUnsafeThrowingContinuation { waiting in
        let continuation = unsafe Waiter(waiting)
        let action: Machine.WritableAction? = machine.withLock { machine in
          Task.isCancelled ? nil : machine.producerWaits(id: id, token: continuation)
        }
        switch action {
        case nil: continuation.resume(throwing: CancellationError())
        case .writable?: continuation.resume(returning: true)
        case .closed?: continuation.resume(returning: false)
        case .wait?: break
        }
      }
    } onCancel: {
      machine.withLock { $0.producerCancelled(id: id) }?.resume(throwing: CancellationError())
    }
  }

  @inlinable func finish(_ error: (any Error)?) {
    let ending = machine.withLock { $0.finish(error) }
    if let consumer = ending.consumer {
      if let error { consumer.resume(throwing: error) } else { consumer.resume(returning: nil) }
    }
    for producer in ending.producers { producer.resume(returning: false) }
  }

  @inlinable func cancel() {
    let ending = machine.withLock { $0.cancel() }
    ending.consumer?.resume(returning: nil)
    for producer in ending.producers { producer.resume(returning: false) }
    onWritable?()
  }

  @inlinable func perform(_ relief: Machine.Relief) {
    for producer in relief.producers { producer.resume(returning: true) }
    if relief.isWritableAgain { onWritable?() }
  }
}
