internal import Synchronization

/// What the threads know of a request: how a picture of it is made, and whom to tell of its end.
protocol PictureWork: AnyObject, Sendable {
  /// Makes what the model takes of a picture.
  func perform(_ picture: Int) throws
  /// All pictures are made; or why they never will be. Called once.
  func end(_ failure: (any Error)?)
}

/// A request whose caller waits for all of its pictures.
final class PictureJob<Value: Sendable>: PictureWork {
  private let work: @Sendable (Int) throws -> Value
  private let continuation: CheckedContinuation<[Value], any Error>
  private let values: Mutex<[Value?]>

  init(
    count: Int, _ continuation: CheckedContinuation<[Value], any Error>,
    _ work: @escaping @Sendable (Int) throws -> Value
  ) {
    self.work = work
    self.continuation = continuation
    values = Mutex([Value?](repeating: nil, count: count))
  }

  func perform(_ picture: Int) throws {
    let value = try work(picture)
    values.withLock { $0[picture] = value }
  }

  func end(_ failure: (any Error)?) {
    if let failure { return continuation.resume(throwing: failure) }
    continuation.resume(returning: values.withLock { $0.compactMap(\.self) })
  }
}
