internal import Messages
internal import RPC
internal import Serving
internal import Glibc

extension Command {
  /// Of every command that calls a server.
  static let clientOptions: [Option] = [
    .option(
      "server", "ADDRESS", "host:port, https://host:port or unix:/path", initial: server),
    .flag("tls", "speak TLS, as https:// says too"),
    .option("ca", "FILE", "whom to trust, in PEM; with TLS", initial: "as the system does"),
    .option("tls-name", "NAME", "what its certificate is of", initial: "the address's host"),
    keyOption, timeoutOption,
  ]

  // What holds without the option: the server is found where `apus serve` listens.
  private static let server = ServerConfiguration().address
  private static let timeout = Duration.seconds(60)

  static let keyOption = Option.option("key", "TOKEN", "API key", initial: "$APUS_KEY")
  static let timeoutOption = Option.option(
    "timeout", "TIME", "give up after this long", initial: Quantity.text(timeout))

  /// Connects, runs `body` with the connection and the options of every call, and disconnects.
  ///
  /// - Parameter limit: the longest that it may take, however long the arguments leave it.
  static func withServer<Answer>(
    _ arguments: Arguments, within limit: Duration? = nil,
    _ body: (ClientConnection, CallOptions) async throws -> Answer
  ) async throws -> Answer {
    let (address, tls) = try place(arguments)
    let given = try arguments.duration("timeout", .milliseconds(1)...(.seconds(86_400))) ?? timeout
    let timeout = limit.map { max(.milliseconds(1), min($0, given)) } ?? given
    var options = CallOptions(timeout: timeout)
    if let token = try token(arguments) {
      options.metadata.append("authorization", "Bearer \(token)")
    }
    let connection: ClientConnection
    do {
      var options = ClientOptions()
      options.connectTimeout = min(options.connectTimeout, timeout)
      options.tls = tls
      connection = try await ClientConnection.connect(to: address, options: options)
    } catch {
      let reason = (error as? Status)?.message ?? "\(error)"
      throw Outcome(
        code: ExitCode.unreachable,
        description: "no gRPC server answers at \(address): \(reason); start one with apus serve, "
          + "or give the address that it logs as grpc")
    }
    defer { connection.close() }
    return try await body(connection, options)
  }

  /// Where the server is, and its TLS if it has any.
  private static func place(
    _ arguments: Arguments
  ) throws(UsageError) -> (address: String, tls: ClientTLS?) {
    let scheme = "https://"
    let isSecure = arguments["server"]?.hasPrefix(scheme) == true
    let address = try arguments.address("server", without: scheme) ?? server
    guard isSecure || arguments.has("tls") || arguments.has("ca") || arguments.has("tls-name")
    else { return (address, nil) }
    return (address, ClientTLS(authorities: arguments["ca"], name: arguments["tls-name"]))
  }

  private static func token(_ arguments: Arguments) throws(UsageError) -> String? {
    let given = unsafe arguments["key"] ?? getenv("APUS_KEY").map { unsafe String(cString: $0) }
    guard let given, !given.isEmpty else { return nil }
    guard given.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw UsageError(
        "--key: a token has neither spaces nor characters beyond ASCII", command: "")
    }
    return given
  }
}
