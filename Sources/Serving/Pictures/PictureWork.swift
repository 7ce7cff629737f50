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
  /// All pictures, and how long none of them was being made.
  typealias Made = ([Value], waited: Duration)

  private struct State {
    var values: [Value?]
    /// Pictures that are being made, and since when it waits where there are none.
    var making = 0
    var since = ContinuousClock.now
    var waited = Duration.zero

    mutating func begin() {
      if making == 0 { waited += since.duration(to: .now) }
      making += 1
    }

    mutating func end() {
      making -= 1
      if making == 0 { since = .now }
    }
  }

  private let work: @Sendable (Int) throws -> Value
  private let continuation: CheckedContinuation<Made, any Error>
  private let state: Mutex<State>

  init(
    count: Int, _ continuation: CheckedContinuation<Made, any Error>,
    _ work: @escaping @Sendable (Int) throws -> Value
  ) {
    self.work = work
    self.continuation = continuation
    state = Mutex(State(values: [Value?](repeating: nil, count: count)))
  }

  func perform(_ picture: Int) throws {
    state.withLock { $0.begin() }
    defer { state.withLock { $0.end() } }
    let value = try work(picture)
    state.withLock { $0.values[picture] = value }
  }

  func end(_ failure: (any Error)?) {
    if let failure { return continuation.resume(throwing: failure) }
    continuation.resume(
      returning: state.withLock { ($0.values.compactMap(\.self), waited: $0.waited) })
  }
}
