internal import Inference
internal import Synchronization

/// What a batch has of the engine while it is computed.
struct BatchTurn: Sendable {
  let lane: EngineLane
  let clock: any BatchClock
  /// When a batch has taken so long, inputs not begun are left for another one, where the backend
  /// takes fewer at once.
  let length: Duration
  /// How long it computes before it gives way to other models, where it can.
  let slice: Duration
}

/// The computation of one input by itself: it is of interest while somebody waits for the answer,
/// and gives way to other models.
final class SingleRun: Interest {
  private let input: BatchInput
  private let turn: BatchTurn
  private let total = Mutex(Duration.zero)

  init(_ input: BatchInput, _ turn: BatchTurn) {
    self.input = input
    self.turn = turn
  }

  var isAlive: Bool { input.isAlive }

  /// What others took meanwhile.
  var paused: Duration { total.withLock { $0 } }

  func giveWay() -> Duration {
    input.pause(at: turn.clock.now())
    let pause = turn.lane.giveWay(after: turn.slice)
    input.resume(after: pause)
    total.withLock { $0 += pause }
    return pause
  }
}
