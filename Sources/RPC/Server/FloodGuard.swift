internal import EventLoop

/// What a client may do too much of: it costs work, but neither window nor a call.
enum Flood {
  case resets, emptyFrames, excessHeaders

  /// What the GOAWAY says.
  var reason: String {
    switch self {
    case .resets: "too_many_resets"
    case .emptyFrames: "too_many_empty_frames"
    case .excessHeaders: "too_many_headers"
    }
  }

  var limit: Limit {
    switch self {
    case .resets: .resetBurst
    case .emptyFrames: .emptyFramesPerSecond
    case .excessHeaders: .excessHeaderSizePerSecond
    }
  }
}

/// Charges one client for each kind of flood.
struct FloodGuard: Sendable {
  private var resets: TokenBucket
  private var emptyFrames: TokenBucket
  private var excessHeaders: TokenBucket

  init(_ limits: ServerLimits) {
    resets = TokenBucket(burst: limits.resetBurst, perSecond: limits.resetsPerSecond)
    emptyFrames = TokenBucket(
      burst: limits.emptyFramesPerSecond, perSecond: limits.emptyFramesPerSecond)
    excessHeaders = TokenBucket(
      burst: limits.excessHeaderSizePerSecond, perSecond: limits.excessHeaderSizePerSecond)
  }

  /// - Returns: whether that much more may be.
  mutating func admits(_ count: Int, of flood: Flood, now: LoopInstant) -> Bool {
    guard count > 0 else { return true }
    return switch flood {
    case .resets: resets.take(count, now: now)
    case .emptyFrames: emptyFrames.take(count, now: now)
    case .excessHeaders: excessHeaders.take(count, now: now)
    }
  }
}
