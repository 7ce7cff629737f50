package import EventLoop
public import Messages

/// What a server serves and how.
public struct ServerOptions: Sendable {
  public var limits = ServerLimits()
  /// Around every call, the first outermost.
  public var interceptors: [any Interceptor] = []
  public var observer: (any CallObserver)?
  /// Serialized `google.protobuf.FileDescriptorSet`s for server reflection; none, no reflection.
  public var descriptors: [[UInt8]] = []
  /// Serves `grpc.health.v1` from the server's board.
  public var servesHealth = true

  public init() {}
}
