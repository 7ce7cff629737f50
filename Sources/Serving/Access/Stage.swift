internal import Bytes
internal import EventLoop
internal import Synchronization

/// What a call goes through, in this order.
enum Stage: Int, CaseIterable, Sendable {
  /// Whose key it is and what that opens.
  case access
  /// The request's bytes become a message.
  case decode
  /// Which version answers.
  case routing
  /// The key's limits, of that model too.
  case limits
  /// What the request says is checked.
  case validation
  /// The answer is looked for among those that are kept.
  case cache
  /// The instances are made into what the model computes on: tokens, rows.
  case prepare
  /// The wait for a batch.
  case queue
  /// The model's batch on the engine.
  case compute
  /// What was computed is made into the answer's bytes.
  case format
  /// All of a method without stages of its own.
  case handler

  /// As metrics and `server-timing` call it.
  var name: String { Self.names[rawValue] }
  private static let names = allCases.map { String(describing: $0) }
  /// What stands before a stage's milliseconds in `server-timing`.
  fileprivate static let timingFields = names.map { Array("\($0);dur=".utf8) }
}

/// How long each stage of a call took. One task writes at a time; anybody may read.
struct StageTimes: ~Copyable, Sendable {
  /// In nanoseconds, by stage; zero for one that the call did not go through.
  private let times = InlineArray<11, Atomic<UInt64>> { _ in Atomic(0) }
  /// When the last stage ended.
  private let last: Atomic<UInt64>

  init(since began: LoopInstant) { last = Atomic(began.nanoseconds) }

  subscript(_ stage: Stage) -> UInt64 { times[stage.rawValue].load(ordering: .relaxed) }

  /// A stage ends now; it began with the end of the one before.
  func end(_ stage: Stage, now: LoopInstant) {
    let before = last.exchange(now.nanoseconds, ordering: .relaxed)
    // At least one, so that it shows that the call was there.
    add(stage, nanoseconds: max(1, now.nanoseconds(since: LoopInstant(nanoseconds: before))))
  }

  /// The next stage begins now.
  func resume(now: LoopInstant) { last.store(now.nanoseconds, ordering: .relaxed) }

  /// Stages end now whose times others have taken; what the ways between threads took is nobody's.
  func end(queue: Duration, compute: Duration, now: LoopInstant) {
    last.store(now.nanoseconds, ordering: .relaxed)
    add(.queue, nanoseconds: UInt64(max(1, queue.saturatingNanoseconds)))
    add(.compute, nanoseconds: UInt64(max(1, compute.saturatingNanoseconds)))
  }

  private func add(_ stage: Stage, nanoseconds: UInt64) {
    times[stage.rawValue].wrappingAdd(nanoseconds, ordering: .relaxed)
  }

  /// For the `server-timing` of an answer
  /// (https://www.w3.org/TR/server-timing/#the-server-timing-header-field).
  var serverTiming: String {
    var text: [UInt8] = []
    text.reserveCapacity(256)
    for (place, field) in Stage.timingFields.enumerated() {
      let nanoseconds = times[place].load(ordering: .relaxed)
      guard nanoseconds > 0 else { continue }
      if !text.isEmpty {
        text.append(UInt8(ascii: ","))
        text.append(UInt8(ascii: " "))
      }
      text.append(contentsOf: field)
      Self.append(nanoseconds, to: &text)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Milliseconds to three places.
  private static func append(_ nanoseconds: UInt64, to text: inout [UInt8]) {
    let microseconds = (nanoseconds + 500) / 1000
    text.append(decimal: microseconds / 1000)
    text.append(UInt8(ascii: "."))
    for unit: UInt64 in [100, 10, 1] {
      text.append(UInt8(ascii: "0") + UInt8(microseconds / unit % 10))
    }
  }
}
