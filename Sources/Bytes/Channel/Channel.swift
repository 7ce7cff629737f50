/// A bounded queue between any number of producers and one consumer, with watermarks.
///
/// `send` never suspends and says when to stop; a producer that may suspend then awaits
/// `writable()`, one that may not (an engine thread) looks at `isWritable` or is told by
/// `onWritable`. Elements come out in the order they went in.
///
/// Cancelling the task in `next()` throws `CancellationError` and loses no element; to give the
/// channel up, call `cancel()`.
@usableFromInline package struct Channel<Element: Sendable>: Sendable {
  @usableFromInline let storage: ChannelStorage<Element>

  /// - Parameters:
  ///   - low: elements left at which a paused channel becomes writable again.
  ///   - high: elements at which `send` begins to answer `.paused`.
  ///   - limit: elements at which `send` refuses with `.full`; twice `high` unless given.
  ///   - onWritable: called on the consumer's thread, with no lock held, when a paused channel
  ///     becomes writable and when the consumer cancels.
  @inlinable package init(
    low: Int, high: Int, limit: Int? = nil, onWritable: (@Sendable () -> Void)? = nil
  ) {
    storage = ChannelStorage(low: low, high: high, limit: limit ?? 2 * high, onWritable: onWritable)
  }

  /// Elements that wait.
  @inlinable package var count: Int { storage.count }
  /// False while paused and after the end.
  @inlinable package var isWritable: Bool { storage.isWritable }

  /// Hands an element over, straight to the consumer if it waits.
  @discardableResult
  @inlinable package func send(_ element: Element) -> SendResult { storage.send(element) }

  /// Suspends while the channel is paused.
  ///
  /// - Returns: false when the channel has ended and takes nothing more.
  /// - Throws: `CancellationError` when the producer's task is cancelled.
  @inlinable package func writable() async throws -> Bool { try await storage.writable() }

  /// No more elements will come; the consumer reads what is queued, then `error` or the end.
  @inlinable package func finish(throwing error: (any Error)? = nil) { storage.finish(error) }

  /// The next element; nil after the end.
  ///
  /// - Throws: what `finish` was given, or `CancellationError`.
  @inlinable package func next() async throws -> Element? { try await storage.next() }

  /// The next element if it is here: never suspends, and nil says nothing about the end.
  @inlinable package func poll() -> Element? { storage.poll() }

  /// The consumer's leave: drops what is queued; producers find the channel closed.
  @inlinable package func cancel() { storage.cancel() }
}
