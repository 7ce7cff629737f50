internal import Bytes
internal import EventLoop
internal import HTTP2
internal import Messages
internal import TLS

/// A client's connection: joins socket and session. On its loop only.
final class ClientShell {
  let loop: EventLoop
  let budget: MemoryBudget
  let options: ClientOptions
  private(set) var session: Session?
  private var connection: Connection?
  private var opening: CheckedContinuation<Void, any Error>?
  /// Until the server has shown what it speaks, and for how long that may take.
  private var greeting: ServerGreeting? = ServerGreeting()
  private var greetingTimer: TimerToken?
  private var isLeaving = false
  private var lost = Status(.unavailable, "the connection is closed")

  init(loop: EventLoop, options: ClientOptions) {
    self.loop = loop
    self.options = options
    budget = MemoryBudget(limit: options.memory)
  }

  func setNeedsWrite() { connection?.setNeedsWrite() }

  func connect(
    to address: SocketAddress, _ security: ClientSecurity?,
    _ continuation: CheckedContinuation<Void, any Error>
  ) {
    do {
      opening = continuation
      let session = try security.map { security in
        try TLSSession(connecting: security.context, to: security.name)
      }
      try loop.connect(
        to: address, timeout: options.connectTimeout, session: session, handler: self)
    } catch {
      opening = nil
      continuation.resume(throwing: Status(.unavailable, "\(error)"))
    }
  }

  func open(
    _ headers: HeaderList, _ channel: CallChannel, _ answer: ClientAnswer, timeout: Duration?
  ) throws(Status) {
    guard let session, !isLeaving else { throw lost }
    let stream = ClientStream(shell: self, channel: channel, answer: answer)
    do throws(SessionError) {
      try stream.open(headers, session: session, timeout: timeout)
    } catch {
      throw Status(.unavailable, "\(error)")
    }
  }

  func close() {
    isLeaving = true
    session?.terminate(.noError)
    connection?.closeAfterFlush()
  }
}

extension ClientShell: ConnectionHandler {
  func opened(_ connection: Connection) {
    self.connection = connection
    do throws(SessionError) {
      var options = SessionOptions()
      options.maxConcurrentStreams = 0
      options.streamWindow = 4 << 20
      options.connectionWindow = Int32(clamping: self.options.connectionWindow)
      session = try Session(role: .client, options: options, delegate: self)
    } catch {
      return connection.close()
    }
    connection.setNeedsWrite()
    greetingTimer = loop.schedule(after: options.connectTimeout) { [weak self] in
      guard let self else { return }
      refuse("it has not said a word of HTTP/2 in \(self.options.connectTimeout)")
    }
  }

  /// Lets the caller go on once it is a server of HTTP/2.
  ///
  /// - Returns: false if it is none.
  private func greet(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let verdict = unsafe greeting?.received(bytes) else { return true }
    switch verdict {
    case .undecided: break
    case .http2:
      greeting = nil
      cancelGreetingTimer()
      opening?.resume()
      opening = nil
    case .foreign(let words):
      refuse(words)
      return false
    }
    return true
  }

  private func refuse(_ words: String) {
    lost = Status(.unavailable, words)
    connection?.close()
  }

  private func cancelGreetingTimer() {
    if let greetingTimer { loop.cancel(greetingTimer) }
    greetingTimer = nil
  }

  func received(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let session, let connection, unsafe greet(bytes) else { return bytes.count }
    do throws(SessionError) {
      try unsafe session.receive(bytes)
    } catch {
      lost = Status(.unavailable, "the server broke HTTP/2: \(error)")
      connection.close()
      return bytes.count
    }
    if session.wantsToSend || session.isFinished { connection.setNeedsWrite() }
    return bytes.count
  }

  func receivedEnd() {
    let hint = greeting == nil ? "" : " without a word; it may want TLS"
    lost = Status(.unavailable, "the server closed the connection" + hint)
    connection?.close()
  }

  func gather(into output: inout ByteBuffer, limit: Int) -> Bool {
    guard let session, let connection else { return false }
    do throws(SessionError) {
      let hasMore = try session.gather(into: &output, limit: limit)
      if session.isFinished { connection.closeAfterFlush() }
      return hasMore
    } catch {
      connection.close()
      return false
    }
  }

  func closed(_ reason: CloseReason) {
    connection = nil
    cancelGreetingTimer()
    if reason != .local { lost = Status(.unavailable, "\(reason)") }
    opening?.resume(throwing: lost)
    opening = nil
    guard let session else { return }
    for stream in session.streams { (stream.handler as? ClientStream)?.connectionLost(lost) }
    session.close(.cancel)
    self.session = nil
  }
}

extension ClientShell: SessionDelegate {
  func sessionOpened(_ stream: Stream, head: borrowing HeaderBlock, end: Bool) {}
  func sessionReceivedReset(_ stream: Stream, code: ErrorCode) {}
  func sessionReceivedPingAck(_ payload: UInt64) {}
  func sessionReceivedSettings() {}

  func sessionReceivedGoAway(lastStream: Int32, code: ErrorCode, debug: String) {
    isLeaving = true
    let detail = debug.isEmpty ? "\(code)" : "\(code), \(debug)"
    lost = Status(.unavailable, "the server asked its clients to leave (\(detail))")
  }
}
