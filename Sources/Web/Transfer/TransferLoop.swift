internal import CCurl
internal import Glibc
internal import Synchronization
internal import Threads

// One turn of the thread:
//
//   commands from other threads: start, stop
//     → libcurl moves what can move (callbacks run here)
//     → transfers that are done: answered, and those that waited started
//     → wait for a socket, a timeout of libcurl's, or a command

/// The thread on which all of a client's requests run, through libcurl's multi interface.
@safe
final class TransferLoop: Sendable {
  private enum Command {
    case start(TransferOrder)
    case stop(UInt64)
  }

  private struct State {
    var queue: TransferQueue<TransferOrder>
    var commands: [Command] = []
    var isClosed = false
  }

  private let configuration: WebClient.Configuration
  private let state: Mutex<State>
  private let thread = OwnedThread()
  // Set once; what other threads do with it is ccurl_multi_wakeup alone, which any thread may call.
  private nonisolated(unsafe) let multi: UnsafeMutableRawPointer

  init(_ configuration: WebClient.Configuration) throws(WebError) {
    try CurlLibrary.load()
    guard Self.library == CURLE_OK, let multi = unsafe ccurl_multi_init() else {
      throw WebError(.failed, host: "", "libcurl could not be started: no memory")
    }
    self.configuration = configuration
    unsafe self.multi = multi
    // Connections kept open for later requests.
    unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.activeLimit)
    state = Mutex(
      State(
        queue: TransferQueue(
          activeLimit: configuration.activeLimit, waitingLimit: configuration.waitingLimit)))
  }

  deinit { unsafe _ = ccurl_multi_cleanup(multi) }

  private static let library = ccurl_global_init(Int(CURL_GLOBAL_DEFAULT))

  func start() throws(WebError) {
    do throws(ThreadError) {
      try thread.start("web") { [self] in run() }
    } catch {
      throw WebError(.failed, host: "", error.description)
    }
  }

  // MARK: Any thread

  func submit(_ order: TransferOrder) {
    let refusal = state.withLock { state -> WebError? in
      let host = order.request.url.place
      if state.isClosed { return .closed(host) }
      switch state.queue.submit(order.id, order) {
      case .start(let order): state.commands.append(.start(order))
      case .waits: break
      case .refused:
        return WebError(
          .busy, host: host,
          "\(configuration.waitingLimit) requests wait already, which is the limit")
      }
      return nil
    }
    if let refusal { order.answer(.failure(refusal)) } else { wake() }
  }

  /// Ends a request with `.cancelled`, if it has not ended yet.
  func stop(_ id: UInt64) {
    let dropped = state.withLock { state -> TransferOrder? in
      switch state.queue.withdraw(id) {
      case .dropped(let order): return order
      case .stop: state.commands.append(.stop(id))
      case .unknown: break
      }
      return nil
    }
    if let dropped {
      dropped.answer(.failure(.cancelled(dropped.request.url.place)))
    } else {
      wake()
    }
  }

  /// Ends all requests with `.closed`, and the thread. May be called more than once.
  func close() {
    let dropped = state.withLock { state in
      state.isClosed = true
      return state.queue.dropWaiting()
    }
    for order in dropped { order.answer(.failure(.closed(order.request.url.place))) }
    wake()
    thread.join()
  }

  private func wake() { unsafe _ = ccurl_multi_wakeup(multi) }

  // MARK: The thread

  private func run() {
    // A peer that is gone is an error of a write, not a signal to the process.
    var broken = sigset_t()
    unsafe sigemptyset(&broken)
    unsafe sigaddset(&broken, SIGPIPE)
    unsafe pthread_sigmask(SIG_BLOCK, &broken, nil)

    var transfers: [UInt64: Transfer] = [:]
    while true {
      let (commands, isClosed) = state.withLock { state in
        defer { state.commands = [] }
        return (state.commands, state.isClosed)
      }
      if isClosed { return end(transfers, commands) }
      for command in commands {
        switch command {
        case .start(let order): begin(order, &transfers)
        case .stop(let id):
          if let transfer = transfers[id] {
            finish(transfer, .failure(.cancelled(transfer.order.request.url.place)), &transfers)
          }
        }
      }
      var running: Int32 = 0
      unsafe ccurl_multi_perform(multi, &running)
      finishDone(&transfers)
      // Nothing is missed by a long wait: libcurl knows its own timeouts, and commands wake it.
      unsafe ccurl_multi_poll(multi, nil, 0, 60_000, nil)
    }
  }

  private func begin(_ order: TransferOrder, _ transfers: inout [UInt64: Transfer]) {
    var next: TransferOrder? = order
    while let order = next {
      next = nil
      do throws(WebError) {
        let transfer = try Transfer(order, configuration: configuration)
        unsafe ccurl_multi_add_handle(multi, transfer.handle)
        transfers[order.id] = transfer
      } catch {
        order.answer(.failure(error))
        next = state.withLock { $0.queue.finish(order.id) }
      }
    }
  }

  /// Answers a transfer, and starts the one that waited for its place.
  private func finish(
    _ transfer: Transfer, _ outcome: TransferOrder.Outcome,
    _ transfers: inout [UInt64: Transfer]
  ) {
    unsafe ccurl_multi_remove_handle(multi, transfer.handle)
    transfers[transfer.order.id] = nil
    let next = state.withLock { $0.queue.finish(transfer.order.id) }
    transfer.order.answer(outcome)
    if let next { begin(next, &transfers) }
  }

  private func finishDone(_ transfers: inout [UInt64: Transfer]) {
    var left: Int32 = 0
    while let message = unsafe ccurl_multi_info_read(multi, &left) {
      guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
      let handle = unsafe message.pointee.easy_handle
      let code = unsafe message.pointee.data.result
      guard let transfer = transfers.values.first(where: { unsafe $0.handle == handle }) else {
        continue
      }
      finish(transfer, transfer.outcome(code), &transfers)
    }
  }

  private func end(_ transfers: [UInt64: Transfer], _ commands: [Command]) {
    for transfer in transfers.values {
      unsafe ccurl_multi_remove_handle(multi, transfer.handle)
      transfer.order.answer(.failure(.closed(transfer.order.request.url.place)))
    }
    for case .start(let order) in commands {
      order.answer(.failure(.closed(order.request.url.place)))
    }
  }
}

extension WebError {
  fileprivate static func closed(_ host: String) -> WebError {
    WebError(.closed, host: host, "the client is closed")
  }
  fileprivate static func cancelled(_ host: String) -> WebError {
    WebError(.cancelled, host: host, "the request was cancelled")
  }
}
