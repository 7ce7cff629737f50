package import EventLoop
internal import HTTP2
public import Messages

/// How a client connects and what it takes.
public struct ClientOptions: Sendable {
  /// To reach the server, and then for its first word of HTTP/2.
  public var connectTimeout = Duration.seconds(10)
  /// Bytes of one response message.
  public var messageSize = 64 << 20
  /// Bytes that the server may send ahead on all calls together.
  public var connectionWindow = 16 << 20
  /// Bytes that wait on one call to be sent before `send` asks for a pause.
  public var sendQueue = 64 << 10
  /// Bytes of messages that wait on the connection, in both directions.
  public var memory = 256 << 20
  public var userAgent = "apus"
  /// Nil for a connection whose bytes go as they are.
  public var tls: ClientTLS?

  public init() {}
}

/// Whom a client takes for the server.
public struct ClientTLS: Sendable {
  /// A file in PEM of the authorities to trust; nil for those that the system trusts.
  public var authorities: String?
  /// What the server's certificate must be of; nil for the host of its address.
  public var name: String?

  public init(authorities: String? = nil, name: String? = nil) {
    self.authorities = authorities
    self.name = name
  }
}

/// A connection to a gRPC server, for any number of calls at once.
///
///     let connection = try await ClientConnection.connect(to: "127.0.0.1:50051")
///
/// It is not replaced when it is lost: calls fail with UNAVAILABLE then.
public final class ClientConnection: ClientTransport {
  private let loop: EventLoop
  private let shell: LoopBound<ClientShell>
  private let authority: String
  private let options: ClientOptions
  /// Kept alive where the connection brought its own.
  private let group: EventLoopGroup?

  /// Connects on a loop of its own.
  ///
  /// - Throws: `Status` UNAVAILABLE saying why the server cannot be reached, or what is wrong with
  ///   the address.
  public static func connect(
    to address: String, options: ClientOptions = ClientOptions()
  ) async throws -> ClientConnection {
    let parsed: SocketAddress
    var security: ClientSecurity?
    do {
      parsed = try SocketAddress(address)
      security = try options.tls.map { tls in try ClientSecurity(tls, address: address) }
    } catch {
      throw Status(.invalidArgument, "\(error)")
    }
    let group = try EventLoopGroup(count: 1)
    return try await connect(
      to: parsed, on: group.next(), options: options, security: security, group: group)
  }

  package static func connect(
    to address: SocketAddress, on loop: EventLoop, options: ClientOptions = ClientOptions(),
    security: ClientSecurity? = nil, group: EventLoopGroup? = nil
  ) async throws -> ClientConnection {
    let shell = try await loop.run {
      LoopBound(ClientShell(loop: loop, options: options), on: loop)
    }
    try await withCheckedThrowingContinuation { continuation in
      loop.execute { shell.value.connect(to: address, security, continuation) }
    }
    return ClientConnection(
      loop: loop, shell: shell, authority: address.isUnix ? "localhost" : "\(address)",
      options: options, group: group)
  }

  private init(
    loop: EventLoop, shell: LoopBound<ClientShell>, authority: String, options: ClientOptions,
    group: EventLoopGroup?
  ) {
    self.loop = loop
    self.shell = shell
    self.authority = authority
    self.options = options
    self.group = group
  }

  deinit { close() }

  /// Ends the connection; calls under way fail.
  public func close() {
    let shell = shell
    loop.execute { shell.value.close() }
  }

  public func open(path: String, options call: CallOptions) async throws -> any ClientCall {
    var headers = HeaderList()
    headers.append(":method", "POST")
    headers.append(":scheme", options.tls == nil ? "http" : "https")
    headers.append(":path", path)
    headers.append(":authority", authority)
    headers.append("te", "trailers")
    headers.append("content-type", "application/grpc")
    headers.append("user-agent", options.userAgent)
    if let timeout = call.timeout {
      headers.append("grpc-timeout", Timeout.format(timeout.saturatingNanoseconds))
    }
    if let problem = MetadataCoding.append(call.metadata, to: &headers, limit: 64 << 10) {
      throw Status(.invalidArgument, "\(problem)")
    }
    let complete = headers
    let shell = shell
    let options = options
    let loop = loop
    return try await loop.run {
      let channel = CallChannel(
        loop: loop, budget: shell.value.budget, messageSize: options.messageSize,
        sendQueue: options.sendQueue)
      let answer = ClientAnswer()
      try shell.value.open(complete, channel, answer, timeout: call.timeout)
      return OpenCall(channel: channel, answer: answer)
    }
  }
}

/// The caller's side of one call; a call that is let go before its end is cancelled.
final class OpenCall: ClientCall {
  private let channel: CallChannel
  private let answer: ClientAnswer

  init(channel: CallChannel, answer: ClientAnswer) {
    self.channel = channel
    self.answer = answer
  }

  deinit { cancel() }

  func poll(_ body: (Payload) throws -> Void) throws -> Arrival { try unsafe channel.poll(body) }
  func arrival() async throws { try await channel.arrival() }

  func send(_ message: some Message) throws -> Bool { try channel.send(message) }
  func drained() async throws { try await channel.drained() }

  func finish() { channel.endBody(.endOfStream) }
  func cancel() { channel.end(Status(.cancelled, "the call was cancelled here")) }

  var initialMetadata: Metadata { answer.initial }
  var trailingMetadata: Metadata { answer.trailing }
}
