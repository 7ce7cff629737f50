internal import EventLoop
public import Messages
internal import Metrics

/// Calls a server's methods within its process, without a wire: what another front (HTTP) is given
/// so that its requests meet the same interceptors, observer, limits and handlers as gRPC's.
///
/// A handler runs on the transport's loop, at once where the caller is there already: a unary call
/// whose handler does not suspend is over before `finish` returns.
public final class LocalTransport: ClientTransport {
  /// Queued bytes of one direction above which its sender waits: there is no wire whose delay a
  /// longer queue could hide.
  private static let queue = 16 << 10

  private let core: ServerCore
  private let loop: EventLoop
  private let peer: String
  private let attachment: (any AnyObject & Sendable)?
  private let budget: MemoryBudget

  init(
    core: ServerCore, loop: EventLoop, peer: String, attachment: (any AnyObject & Sendable)?
  ) {
    self.attachment = attachment
    self.core = core
    self.loop = loop
    self.peer = peer
    budget = MemoryBudget(limit: core.limits.memoryPerConnection, total: core.memory)
  }

  public func open(path: String, options: CallOptions) async throws -> any ClientCall {
    if loop.isCurrent { return try start(path, options) }
    return try await loop.run { try self.start(path, options) }
  }

  private func start(_ path: String, _ options: CallOptions) throws(Status) -> LocalClientCall {
    let id = RequestIDField.read(options.metadata)
    let traceparent = TraceField.read(options.metadata)
    let route: Route
    do throws(Status) {
      route = try admit(path)
    } catch {
      let context = CallContext(
        path: path, metadata: options.metadata, peer: peer, requestID: id, traceparent: traceparent)
      core.rejected(context, as: error, on: loop)
      throw error.sent(context)
    }
    let requests = LocalPipe(
      budget: budget, messageSize: core.limits.messageSize, highWatermark: Self.queue,
      holdsMessages: true)
    let responses = LocalPipe(
      budget: budget, messageSize: Int(UInt32.max), highWatermark: Self.queue)
    let context = CallContext(
      path: route.method.path, metadata: options.metadata,
      deadline: options.timeout.map { .now.advanced(by: $0) }, peer: peer, requestID: id,
      traceparent: traceparent)
    context.attachment = attachment
    let call = LocalCall(
      core: core, loop: loop, route: route, context: context, requests: requests,
      responses: responses)
    call.open(timeout: options.timeout)
    return LocalClientCall(
      call: LoopBound(call, on: loop), context: context, requests: requests, responses: responses)
  }

  /// The method to be called, which then counts as a running call.
  private func admit(_ path: String) throws(Status) -> Route {
    guard core.phase != .ending else { throw Status(.unavailable, "the server is shutting down") }
    let route = try core.router.route(path)
    if let excess = budget.excess { throw excess }
    guard core.acquireCall() else {
      throw Status(
        .unavailable, "\(core.limits.calls) calls are running, as many as this server may",
        cause: Limit.calls)
    }
    return route
  }
}

extension Status {
  /// As a client gets it: without its cause, and with the call's id and its span beside it.
  func sent(_ context: CallContext) -> Status {
    var status = self
    status.cause = nil
    RequestIDField.append(context.requestID, to: &status.metadata)
    TraceField.append(context, to: &status.metadata)
    return status
  }
}

/// The caller's side of a call within the process; one that is let go before its end is cancelled.
final class LocalClientCall: ClientCall {
  private let call: LoopBound<LocalCall>
  private let context: CallContext
  private let requests: LocalPipe
  private let responses: LocalPipe

  init(
    call: LoopBound<LocalCall>, context: CallContext, requests: LocalPipe, responses: LocalPipe
  ) {
    self.call = call
    self.context = context
    self.requests = requests
    self.responses = responses
  }

  deinit { cancel() }

  func poll(_ body: (Payload) throws -> Void) throws -> Arrival { try unsafe responses.poll(body) }
  func arrival() async throws { try await responses.arrival() }

  func send(_ message: some Message) throws -> Bool {
    let isBelow = try requests.send(message)
    onLoop { $0.sent() }
    return isBelow
  }
  func drained() async throws { try await requests.drained() }

  func finish() {
    requests.finish(Status(.ok))
    onLoop { $0.finished() }
  }
  func cancel() { onLoop { $0.givenUp() } }

  /// With the call's id and its span, as a client that gives its own gets them.
  var initialMetadata: Metadata {
    guard responses.traffic.messages > 0 || responses.outcome != nil else { return [:] }
    var metadata = context.initialMetadata
    RequestIDField.append(context.requestID, to: &metadata)
    TraceField.append(context, to: &metadata)
    return metadata
  }
  var trailingMetadata: Metadata { responses.outcome?.metadata ?? [:] }

  private func onLoop(_ body: @escaping @Sendable (LocalCall) -> Void) {
    if call.loop.isCurrent { return body(call.value) }
    let call = call
    call.loop.execute { body(call.value) }
  }
}
