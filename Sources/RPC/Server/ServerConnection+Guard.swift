internal import EventLoop
internal import HTTP2
internal import Messages

// Against clients who begin and do not go on. Calls are looked at now and then; when memory gets
// short, the largest half-sent messages make room for whole ones.

extension ServerConnection {
  /// Looks through the calls a few times within the shorter limit, while there are any.
  func watchProgress() {
    guard progressTimer == nil else { return }
    let shorter = min(core.limits.messageTimeout, core.limits.readerTimeout)
    progressTimer = loop.schedule(after: shorter / 4) { [weak self] in
      guard let self else { return }
      progressTimer = nil
      let calls = openCalls
      guard !calls.isEmpty else { return }
      for call in calls { call.checkProgress(now: loop.now) }
      watchProgress()
    }
  }

  /// Ends the largest half-sent messages until about `wanted` bytes are free.
  ///
  /// - Returns: bytes that were freed.
  func relieve(_ wanted: Int) -> Int {
    var freed = 0
    let holders = openCalls.map { (call: $0, bytes: $0.halfSent) }
    for holder in holders.sorted(by: { $0.bytes > $1.bytes }) {
      guard freed < wanted, holder.bytes > 0 else { break }
      holder.call.abort(.displaced(limit: core.limits.memory))
      freed += holder.bytes
    }
    return freed
  }

  private var openCalls: [ServerCall] {
    (session?.streams ?? []).compactMap { $0.handler as? ServerCall }
  }
}

extension ServerCore {
  /// To be called when memory is nearly full: whole messages, and small ones, are served on, at the
  /// cost of the client that holds most in messages it has not finished.
  func relieve() {
    guard memory.beginRelief(now: .monotonic) else { return }
    guard let holder = connections.largestHolder else {
      return memory.endRelief(freed: 0, now: .monotonic)
    }
    let memory = memory
    holder.loop.execute {
      let freed = holder.value.relieve(memory.limit / 16)
      memory.endRelief(freed: freed, now: .monotonic)
    }
  }
}

extension Status {
  fileprivate static func displaced(limit: Int) -> Status {
    var status = Status(
      .resourceExhausted,
      "messages waiting on all connections come close to the limit of \(limit) bytes "
        + "(\(Limit.memory.rawValue)), and this unfinished one was among the largest; retry",
      cause: Limit.memory)
    status.addRetryAdvice(MemoryTotal.retryAdvice)
    return status
  }

  static func stalledRequest(_ limit: Duration) -> Status {
    Status(
      .deadlineExceeded,
      "the request message has not got on for \(limit) (\(Limit.messageTimeout.rawValue))",
      cause: Limit.messageTimeout)
  }

  static func stalledReader(_ limit: Duration) -> Status {
    Status(
      .deadlineExceeded,
      "nothing of the answer was read for \(limit) (\(Limit.readerTimeout.rawValue))",
      cause: Limit.readerTimeout)
  }
}
