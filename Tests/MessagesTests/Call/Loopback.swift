import Messages
import Synchronization

/// A client transport that calls a service in the same process: messages cross as encoded bytes.
final class Loopback: ClientTransport {
  private let methods: [String: MethodHandler]

  init(_ service: some Service) {
    methods = Dictionary(uniqueKeysWithValues: service.methods.map { ($0.path, $0) })
  }

  func open(path: String, options: CallOptions) async throws -> any ClientCall {
    guard let method = methods[path] else { throw Status(.unimplemented, path) }
    let requests = Pipe()
    let responses = Pipe()
    Task {
      do {
        // As RPC does it: the one request is here before the handler is called.
        if method.shape == .unary || method.shape == .serverStreaming {
          try await requests.arrival()
        }
        try await method.call(requests, responses, CallContext(path: path))
        responses.close(nil)
      } catch let status as Status {
        responses.close(status)
      } catch {
        responses.close(Status(.unknown, cause: error))
      }
    }
    return LoopbackCall(requests: requests, responses: responses)
  }
}

/// Messages one way.
final class Pipe: InboundMessages, OutboundMessages {
  private struct State {
    var messages: [[UInt8]] = []
    var isClosed = false
    var status: Status?
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  func poll(_ body: (Payload) throws -> Void) throws -> Arrival {
    let next = try state.withLock { state -> [UInt8]? in
      if !state.messages.isEmpty { return state.messages.removeFirst() }
      if let status = state.status { throw status }
      return nil
    }
    guard let next else { return state.withLock { $0.isClosed } ? .end : .pending }
    try next.withUnsafeBytes { try body(.bytes($0)) }
    return .message
  }

  func arrival() async throws {
    await withCheckedContinuation { continuation in
      let ready = state.withLock { state in
        if state.messages.isEmpty, !state.isClosed {
          state.waiting.append(continuation)
          return false
        }
        return true
      }
      if ready { continuation.resume() }
    }
  }

  func send(_ message: some Message) throws -> Bool {
    push(message.encoded())
    return true
  }

  func drained() async throws {}

  func push(_ bytes: [UInt8]) {
    wake { $0.messages.append(bytes) }
  }

  func close(_ status: Status?) {
    wake { state in
      if state.isClosed { return }
      state.isClosed = true
      state.status = status
    }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

final class LoopbackCall: ClientCall {
  private let requests: Pipe
  private let responses: Pipe

  init(requests: Pipe, responses: Pipe) {
    self.requests = requests
    self.responses = responses
  }

  func poll(_ body: (Payload) throws -> Void) throws -> Arrival { try responses.poll(body) }
  func arrival() async throws { try await responses.arrival() }
  func send(_ message: some Message) throws -> Bool { try requests.send(message) }
  func drained() async throws {}
  func finish() { requests.close(nil) }
  func cancel() { requests.close(Status(.cancelled)) }
  let initialMetadata = Metadata()
  let trailingMetadata = Metadata()
}
