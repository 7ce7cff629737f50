//   serving ── begin ──> announced ── PING answered, or time ──> leaving
//
// `announced`: GOAWAY(2^31-1) is out, streams the client opened before it saw that are served.
// `leaving`: GOAWAY(last stream) is out, the session ends itself with its last stream.

/// How one connection asks its client to leave (RFC 9113, section 6.8).
struct DrainMachine: Sendable {
  enum Phase: Sendable { case serving, announced, leaving }
  enum Action: Sendable, Equatable {
    case none
    /// Shutdown notice and a PING with this payload.
    case announce(UInt64)
    case goAway
    case close
  }
  static let pingPayload: UInt64 = 0x6170_7573_6472_6e31

  private(set) var phase = Phase.serving

  /// - Parameter isSettled: whether the client has said anything yet; if not, nothing is lost.
  mutating func begin(isSettled: Bool) -> Action {
    guard phase == .serving else { return .none }
    guard isSettled else {
      phase = .leaving
      return .close
    }
    phase = .announced
    return .announce(Self.pingPayload)
  }

  mutating func pingAnswered(_ payload: UInt64) -> Action {
    payload == Self.pingPayload ? waitedLongEnough() : .none
  }

  mutating func waitedLongEnough() -> Action {
    guard phase == .announced else { return .none }
    phase = .leaving
    return .goAway
  }
}
