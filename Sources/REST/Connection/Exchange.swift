internal import EventLoop
internal import Messages

/// One request and its answer on a connection. On its loop only.
///
/// It lives from the request line to the library's word that the request is done; a handler that
/// outlives that finds the machine `over` and touches nothing.
final class Exchange {
  let connection: HTTPConnection
  private let target: String
  /// Bytes of what the request line asks for, as it came.
  let targetSize: Int
  private var machine = ExchangeMachine()
  private var head: Dispatcher.Head?
  private var admission: Dispatcher.Admission?
  private var body: [UInt8] = []
  private var received = 0
  /// Asks who sends the body; nil until there is reason to.
  private var judgement: Task<Void, Never>?
  /// Bytes of the answer's body that count for as long as it is being sent.
  private var sending = 0
  /// Why the request cannot be handled though its head was fine.
  private var failure: HTTPError?
  private var response: HTTPResponse?
  private(set) var source: BodySource?
  private var task: Task<Void, Never>?
  private var gateway: Gateway?
  private let started: LoopInstant

  var hasHead: Bool { head != nil }
  private var core: FrontCore { connection.core }
  private var loop: EventLoop { connection.loop }
  private var limits: HTTPLimits { core.options.limits }

  /// - Parameters:
  ///   - target: what the request line asks for.
  ///   - size: of it, in bytes.
  init(connection: HTTPConnection, target: String, size: Int) {
    self.connection = connection
    self.target = target
    targetSize = size
    started = .monotonic
  }

  // MARK: The library's callbacks, in their order

  /// The head is here. A broken one is answered at once, which ends the connection.
  ///
  /// - Parameter isWhole: whether the library has all of it.
  func sawHead(_ library: LibraryConnection, method: String, isWhole: Bool) {
    connection.clock.sawHead(loop.now)
    var headers = library.headers
    if !isWhole { headers.flaw = .lines }
    let given = headers[.requestID]
    let id = given.flatMap { HTTPRequest.isUsable(id: $0) ? $0 : nil } ?? RequestID.make()
    let head = Dispatcher.Head(
      method: method, target: Target(target), headers: headers,
      size: library.headerSize, id: id)
    self.head = head
    let admission = core.dispatcher.admit(head)
    self.admission = admission
    switch admission {
    case .broken(let response): queueEarly(response, library)
    case .answered(let response, _) where headers[.expect] != nil: queueEarly(response, library)
    case .admitted(let route, _, _) where !route.takesBody: break
    case .admitted:
      let length = headers[.contentLength].flatMap { Int($0) } ?? 0
      // Only what has come is ever paid for: a length is easily claimed.
      body.reserveCapacity(min(length, 64 << 10))
    default: break
    }
  }

  private func queueEarly(_ response: HTTPResponse, _ library: LibraryConnection) {
    self.response = response
    _ = machine.answered()
    queue(library)
  }

  /// A piece of the body.
  ///
  /// - Returns: false to end the connection: the rest is too much even to be thrown away.
  func sawBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    received += bytes.count
    guard case .admitted(let route, _, _) = admission, route.takesBody, failure == nil else {
      if received <= 2 * limits.bodySize { return true }
      refuseRest()
      return false
    }
    judge()
    if failure != nil { return true }
    if received > limits.bodySize {
      failure = tooLarge
    } else if !core.bodies.take(bytes.count) {
      failure = HTTPError(
        .unavailable, "the bodies of all requests together have too many bytes", over: .bodies,
        of: limits.bodies)
      failure?.headers.append(("retry-after", "1"))
    } else {
      unsafe body.append(contentsOf: bytes)
      return true
    }
    dropBody()
    return true
  }

  /// Bytes of a body that are kept whoever sends it.
  private static let strangersBody = 64 << 10

  /// Asks once whether more of the body is to be kept: nobody needs a key to send one. That may
  /// take a look at the store, for few at a time; what comes meanwhile is kept.
  private func judge() {
    guard judgement == nil, received > Self.strangersBody, let head,
      let refusal = core.options.refusal
    else { return }
    let exchange = LoopBound(self, on: loop)
    judgement = Task.immediate(executorPreference: loop) {
      let refusal = await refusal(head.headers.metadata)
      onLoop(exchange) { $0.judged(refusal) }
    }
  }

  private func judged(_ refusal: Status?) {
    // Once the body is whole, its call is judged for itself.
    guard let refusal, failure == nil, machine.phase == .receiving else { return }
    failure = HTTPError(refusal)
    dropBody()
  }

  /// Answers in the midst of a body that has no end.
  private func refuseRest() {
    guard let head, let admission, machine.answered() != nil else { return }
    let response =
      switch admission {
      case .answered(let response, _), .broken(let response): response
      case .admitted(let route, _, _):
        core.dispatcher.refusal(failure ?? tooLarge, head, route)
      }
    self.response = response
    connection.sendLast(response)
  }

  private var tooLarge: HTTPError {
    HTTPError(
      .payloadTooLarge, "the body has \(received) bytes or more", over: .bodySize,
      of: limits.bodySize)
  }

  private func dropBody() {
    core.bodies.giveBack(body.count)
    body = []
  }

  /// The request is whole, or the library looks at it again.
  ///
  /// - Returns: false to end the connection.
  func sawAll(_ library: LibraryConnection) -> Bool {
    switch machine.whole() {
    case .start:
      connection.clock.sawBody()
      connection.library = library
      start()
      if response != nil { return queue(library) }
      connection.daemon.handlerRuns()
      return true
    case .queue: return queue(library)
    case .suspend:
      library.suspend()
      return true
    case .wait: return true
    }
  }

  private func start() {
    judgement?.cancel()
    guard let head, let admission else { return }
    switch admission {
    case .answered(let response, _), .broken(let response): answer(response, nil)
    case .admitted(let route, let method, let parameters):
      if let failure { return answer(core.dispatcher.refusal(failure, head, route), nil) }
      run(head, route, method, parameters)
    }
  }

  private func run(
    _ head: Dispatcher.Head, _ route: Route, _ method: HTTPMethod, _ parameters: [String]
  ) {
    let request = HTTPRequest(
      method: method, target: head.target, parameters: parameters, headers: head.headers,
      body: body, id: head.id, limits: limits)
    var metadata = head.headers.metadata
    metadata.append(RequestHeader.requestID.name, head.id)
    // Who is in no trace gets a new one: a parent that says nothing asks for it.
    if head.headers[.traceparent] == nil { metadata.append(RequestHeader.traceparent.name, "") }
    let timeout = (try? HTTPRequest.timeout(head.headers)) ?? nil
    let gateway = Gateway(
      connection.transport, metadata: metadata,
      deadline: timeout.map { .now.advanced(by: $0) })
    self.gateway = gateway
    let exchange = LoopBound(self, on: loop)
    let dispatcher = core.dispatcher
    let task = Task.immediate(executorPreference: loop) {
      await serve(request, route, gateway, dispatcher, exchange)
    }
    if machine.phase == .running || source != nil { self.task = task }
    if connection.hasPeerEnded { task.cancel() }
  }

  // MARK: The handler's side

  /// - Parameter source: where a body that is still being made will come from.
  fileprivate func answer(_ response: HTTPResponse, _ source: BodySource?) {
    dropBody()
    guard let resumes = machine.answered() else {
      source?.abandon()
      return
    }
    self.response = response
    self.source = source
    if case .bytes(let bytes) = response.body {
      sending = bytes.count
      core.bodies.charge(sending)
    }
    if resumes { connection.resume() } else { connection.daemon.lookAgain() }
  }

  /// The answer's body has more, or has ended.
  func fed() {
    if machine.fed() { connection.resume() }
  }

  fileprivate func ended(_ source: BodySource, cutOff: Bool) {
    source.end(cutOff: cutOff)
    task = nil
    fed()
  }

  /// Hands the answer to the library.
  @discardableResult
  private func queue(_ library: LibraryConnection) -> Bool {
    guard var response else { return false }
    if core.phase != .serving { response.headers.append(("connection", "close")) }
    return library.queue(response, source, self)
  }

  /// The library asks for bytes of the body.
  func read(_ source: BodySource, into target: UnsafeMutableRawBufferPointer) -> BodySource.Portion
  {
    let portion = unsafe source.read(into: target)
    if portion == .dry, machine.ranDry() { connection.library?.suspend() }
    return portion
  }

  // MARK: Ends

  /// The client will not read an answer, or must not get one any more.
  func cancel() {
    task?.cancel()
    source?.abandon()
  }

  /// The library is done with this request.
  func completed() {
    if machine.completed() { cancel() }
    judgement?.cancel()
    task = nil
    dropBody()
    core.bodies.giveBack(sending)
    sending = 0
    guard let head else { return }
    var route: Route?
    switch admission {
    case .admitted(let found, _, _): route = found
    case .answered(_, let found): route = found
    case .broken, nil: break
    }
    let duration = LoopInstant.monotonic.nanoseconds(since: started)
    core.ended(
      EndedRequest(
        matched: route, method: head.method,
        status: response?.status ?? Status.Code.cancelled.httpStatus, peer: connection.peer,
        requestID: head.id, duration: .nanoseconds(Int64(clamping: duration)),
        calls: gateway?.calls ?? 0))
  }
}

/// Runs a request's handler and, for a body that is written while it is made, what makes it. A
/// function of its own: the task reaches the exchange only to answer.
private func serve(
  _ request: HTTPRequest, _ route: Route, _ gateway: Gateway, _ dispatcher: Dispatcher,
  _ exchange: LoopBound<Exchange>
) async {
  let response = await dispatcher.respond(to: request, route, gateway)
  guard case .stream(let write) = response.body else {
    return onLoop(exchange) { $0.answer(response, nil) }
  }
  await stream(write, response, request.limits, exchange)
}

/// Not inlined: the frame of a request whose answer is no stream needs none of it.
@inline(never)
private func stream(
  _ write: @Sendable (BodyWriter) async throws -> Void, _ response: HTTPResponse,
  _ limits: HTTPLimits, _ exchange: LoopBound<Exchange>
) async {
  let source = LoopBound(BodySource(queueLimit: limits.eventQueue), on: exchange.loop)
  exchange.value.answer(response, source.value)
  var isCutOff = false
  do {
    try await write(BodyWriter(queue: source.value.queue, exchange: exchange))
  } catch {
    isCutOff = true
  }
  let cutOff = isCutOff
  onLoop(exchange) { $0.ended(source.value, cutOff: cutOff) }
}

@inline(__always)
private func onLoop(
  _ exchange: LoopBound<Exchange>, _ body: @escaping @Sendable (Exchange) -> Void
) {
  if exchange.loop.isCurrent { return body(exchange.value) }
  exchange.loop.execute { body(exchange.value) }
}
