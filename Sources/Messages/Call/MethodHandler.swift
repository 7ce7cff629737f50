/// One RPC method with its handler, as a service's generated code lists it and RPC routes it.
public struct MethodHandler: Sendable {
  public enum Shape: Sendable { case unary, serverStreaming, clientStreaming, bidirectional }

  /// `/package.Service/Method`.
  public let path: String
  public let shape: Shape
  /// Runs the whole call. RPC enforces "exactly one request" for the shapes that have one before
  /// it calls, so their request is already here: the first `poll` answers `.message`.
  public let call:
    @Sendable (any InboundMessages, any OutboundMessages, CallContext) async throws -> Void

  public init(
    path: String, shape: Shape,
    call:
      @escaping @Sendable (any InboundMessages, any OutboundMessages, CallContext) async throws ->
      Void
  ) {
    self.path = path
    self.shape = shape
    self.call = call
  }
}

/// Something with methods to route: every generated service protocol is one.
public protocol Service: Sendable {
  /// `package.Service`.
  static var serviceName: String { get }
  var methods: [MethodHandler] { get }
  /// The .proto file that declares it, for reflection; nil where there is none.
  static var file: FileDescriptor? { get }
}

extension Service {
  public static var file: FileDescriptor? { nil }
}
