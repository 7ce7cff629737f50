internal import EventLoop
internal import HTTP2
internal import Messages
internal import Synchronization

/// The loop's side of one call on a client.
final class ClientStream {
  private let shell: ClientShell
  private let channel: CallChannel
  private let answer: ClientAnswer
  private var stream: Stream?
  private var deadline: TimerToken?
  private var outcome: Status?

  init(shell: ClientShell, channel: CallChannel, answer: ClientAnswer) {
    self.shell = shell
    self.channel = channel
    self.answer = answer
  }

  func open(_ headers: HeaderList, session: Session, timeout: Duration?) throws(SessionError) {
    stream = try session.request(headers, handler: self)
    unsafe channel.owner = self
    if let timeout {
      deadline = shell.loop.schedule(at: shell.loop.now.advanced(by: timeout), self)
    }
    shell.setNeedsWrite()
  }

  /// Ends the call on this side, telling the server.
  private func giveUp(_ status: Status) {
    guard outcome == nil else { return }
    if let stream { shell.session?.reset(stream, .cancel) }
    shell.setNeedsWrite()
    settle(status, drops: true)
  }

  func connectionLost(_ status: Status) { settle(status, drops: true) }

  private func settle(_ status: Status, drops: Bool) {
    guard outcome == nil else { return }
    outcome = status
    if let deadline { shell.loop.cancel(deadline) }
    deadline = nil
    if drops {
      let freed = channel.fail(status)
      if let stream { shell.session?.consume(freed, on: stream) }
    } else {
      channel.settle(status)
      // The server needs no more requests; a stream left half open would stay for ever.
      if let stream, !stream.localEnded { shell.session?.reset(stream, .cancel) }
      shell.setNeedsWrite()
    }
  }
}

extension ClientStream: StreamHandler {
  func streamReceivedHead(_ head: borrowing HeaderBlock, end: Bool) {
    let response = ResponseHead(head)
    if end || response.status != nil {
      answer.set(trailing: response.metadata)
      settle(response.outcome, drops: false)
    } else if let problem = response.problem {
      giveUp(problem)
    } else {
      answer.set(initial: response.metadata)
    }
  }

  func streamReceived(_ bytes: UnsafeRawBufferPointer) {
    guard let stream else { return }
    do throws(Status) {
      let receipt = try unsafe channel.receive(bytes)
      shell.session?.consume(receipt.freed, on: stream)
    } catch {
      giveUp(error)
    }
  }

  func streamReceivedTrailers(_ trailers: borrowing HeaderBlock) {
    let end = ResponseHead(trailers)
    answer.set(trailing: end.metadata)
    settle(end.status ?? Status(.unknown, "the response ended without a status"), drops: false)
  }

  func streamReceivedEnd() {
    let isCut = channel.receiveEnd()
    if isCut { giveUp(Status(.internal, "the response ended within a message")) }
    settle(Status(.unknown, "the response ended without a status"), drops: false)
  }

  func streamClosed(_ code: ErrorCode) {
    settle(Status(code.statusCode, "the stream was closed with \(code)"), drops: true)
    // Mostly before the caller has read anything: the last message and the status come together.
    if let stream { shell.session?.consume(channel.streamClosed(), on: stream) }
    unsafe channel.owner = nil
    stream = nil
  }

  func streamBody(limit: Int) -> StreamBody {
    switch channel.body(limit: limit) {
    case .dry: .pending
    case .bytes(let count): .bytes(count)
    case .last(let count, _): .end(count)
    }
  }

  func streamCopyBody(to target: UnsafeMutableRawBufferPointer) {
    unsafe channel.copyBody(to: target)
  }
}

extension ClientStream: CallChannelOwner, TimerHandler {
  func channelHasBody() {
    guard let stream else { return }
    shell.session?.resume(stream)
    shell.setNeedsWrite()
  }

  func channelFreed(_ count: Int) {
    guard let stream else { return }
    shell.session?.consume(count, on: stream)
    shell.setNeedsWrite()
  }

  func channelEnded(_ failure: Status?) {
    giveUp(failure ?? Status(.cancelled, "the call was given up"))
  }

  func timerFired(_ token: TimerToken) {
    deadline = nil
    giveUp(Status(.deadlineExceeded, "the call's deadline has passed"))
  }
}

/// Metadata of a response, as it comes in.
final class ClientAnswer: Sendable {
  private let state = Mutex((initial: Metadata(), trailing: Metadata()))

  var initial: Metadata { state.withLock { $0.initial } }
  var trailing: Metadata { state.withLock { $0.trailing } }
  func set(initial: Metadata) { state.withLock { $0.initial = initial } }
  func set(trailing: Metadata) { state.withLock { $0.trailing = trailing } }
}

extension ErrorCode {
  /// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (Errors)
  var statusCode: Status.Code {
    switch self {
    case .refusedStream: .unavailable
    case .cancel: .cancelled
    case .enhanceYourCalm: .resourceExhausted
    case .inadequateSecurity: .permissionDenied
    default: .internal
    }
  }
}
