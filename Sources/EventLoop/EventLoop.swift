internal import Bytes
internal import CLinux
internal import Synchronization

// One turn of the loop:
//
//   wait (epoll, until the next timer; not at all when work is left)
//     → readiness: accept, connect, received, receivedEnd
//     → timers that are due
//     → jobs and closures, at most `turnBudget` long
//     → closed (for connections closed in this turn)
//     → gather: one write per connection that asked for it
//
// A handler that answers within the turn thus costs one read and one write, whatever the number
// of frames.

/// One thread, one epoll: the executor of everything that lives on its connections.
///
/// It is both kinds of executor: actors pin themselves to it with `unownedExecutor`, and tasks
/// prefer it (`Task.immediate(executorPreference: loop)`, from a callback on the loop). A task
/// without the preference bounces through the global pool at every continuation.
///
/// `@unchecked Sendable`: what other threads touch is `inbox` (a mutex) and atomics; everything
/// else is touched on the loop's thread alone, which the entry points check.
@safe
package final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
  /// Work brought by any thread.
  enum Work {
    case job(UnownedJob)
    case closure(@Sendable () -> Void)
  }

  package struct Configuration: Sendable {
    /// Bytes of the read buffer that the loop's connections share.
    package var readBufferSize = 65_536
    /// Bytes a connection may gather for one write.
    package var writeLimit = 262_144
    /// Longest time jobs may run in one turn before I/O is looked at again, in nanoseconds.
    package var turnBudget: UInt64 = 1_000_000
    /// Where time comes from.
    package var clock: @Sendable () -> LoopInstant = { .monotonic }
    package init() {}
  }

  /// Its place in the group, from 0.
  package let index: Int
  let configuration: Configuration
  let inbox = Mutex(ContiguousArray<Work>())
  /// True while the loop is in, or about to enter, a wait that only the eventfd ends.
  let isSleeping = Atomic(false)
  /// `pthread_self()` of whoever runs the loop; 0 for nobody.
  let threadID = Atomic<UInt>(0)
  let lifeCycle = Atomic<LifeCycle>(.running)
  let turns = Atomic<UInt64>(0)

  // The loop's thread alone touches what follows.
  let epoll: Int32
  let wakeup: Int32
  /// The time as of this turn's start: one clock reading a turn. On the loop only.
  package internal(set) var now: LoopInstant
  var timers = TimerHeap<any TimerHandler>()
  var jobs = Ring<Work>()
  var sources = SourceTable()
  /// Connections whose handlers have not taken all that was read; `offered` again in the next turn.
  var hesitant: ContiguousArray<Connection> = []
  var offered: ContiguousArray<Connection> = []
  /// Connections that have something to write at the turn's end.
  var dirty: ContiguousArray<Connection> = []
  var flushing: ContiguousArray<Connection> = []
  /// Connections closed in this turn, whose handlers are still to be told.
  var closings: ContiguousArray<Connection> = []
  /// What a connection gathers goes through here; only what the kernel refuses is kept.
  var output = ByteBuffer(capacity: 65_536)
  /// The other side of a TLS session: what it has unsealed, or is about to seal.
  var plain = ByteBuffer()
  let readBuffer: UnsafeMutableRawBufferPointer
  let events: UnsafeMutableBufferPointer<cl_event>

  enum LifeCycle: UInt8, AtomicRepresentable { case running, stopping, stopped, draining }

  package init(index: Int = 0, configuration: Configuration = Configuration())
    throws(SystemError)
  {
    self.index = index
    self.configuration = configuration
    now = configuration.clock()
    epoll = try SystemError.check(cl_epoll_create(), "create an epoll instance")
    let eventfd = cl_eventfd()
    if eventfd < 0 { _ = cl_close(epoll) }
    wakeup = try SystemError.check(eventfd, "create an eventfd")
    unsafe readBuffer = .allocate(byteCount: configuration.readBufferSize, alignment: 64)
    unsafe events = .allocate(capacity: 256)
    unsafe events.initialize(repeating: cl_event())
    let token = sources.insert(Wakeup(fd: wakeup))
    try SystemError.check(
      cl_epoll_add(epoll, wakeup, PollEvents([.readable, .edge]).rawValue, token),
      "watch an eventfd")
  }

  deinit {
    _ = cl_close(wakeup)
    _ = cl_close(epoll)
    unsafe readBuffer.deallocate()
    unsafe events.deallocate()
  }

  /// Turns taken so far; an idle loop takes none.
  package var turnCount: UInt64 { turns.load(ordering: .relaxed) }

  // MARK: Timers

  /// Calls `handler.timerFired` at `instant`, or in the first turn after it. On the loop only;
  /// O(log n), without an allocation.
  package func schedule(at instant: LoopInstant, _ handler: any TimerHandler) -> TimerToken {
    assertCurrent()
    return timers.schedule(at: instant, handler)
  }

  /// Calls `body` once `delay` has passed. On the loop only.
  @discardableResult
  package func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
    schedule(at: now.advanced(by: delay), body)
  }

  /// The same with a point in time.
  @discardableResult
  package func schedule(at instant: LoopInstant, _ body: @escaping () -> Void) -> TimerToken {
    schedule(at: instant, ClosureTimer(body))
  }

  /// Harmless when the timer has fired or was cancelled before. On the loop only; O(log n).
  package func cancel(_ token: TimerToken) {
    assertCurrent()
    timers.cancel(token)
  }

  // MARK: Work from anywhere

  /// Runs `body` on the loop in one of its next turns. From any thread.
  package func execute(_ body: @escaping @Sendable () -> Void) {
    post(.closure(body))
  }

  /// Runs `body` on the loop and hands back what it returns. From any task.
  package func run<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      execute { continuation.resume(with: Swift.Result(catching: body)) }
    }
  }
}

/// Something that waits for a time.
package protocol TimerHandler: AnyObject {
  func timerFired(_ token: TimerToken)
}

final class ClosureTimer: TimerHandler {
  private let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
  func timerFired(_ token: TimerToken) { body() }
}
