/// The outcome of a call as gRPC knows it; throwing one from a handler ends the call with it.
///
/// Codes: https://grpc.io/docs/guides/status-codes/
public struct Status: Error, Sendable, CustomStringConvertible {
  public enum Code: Int32, Sendable, CaseIterable {
    case ok = 0
    case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists
    case permissionDenied, resourceExhausted, failedPrecondition, aborted, outOfRange
    case unimplemented, `internal`, unavailable, dataLoss, unauthenticated

    /// As gRPC spells it, such as `INVALID_ARGUMENT`.
    public var name: String { Self.names[Int(rawValue)] }

    /// By number: spelling one out costs a microsecond, and every line of a log has one.
    private static let names = allCases.map { code in
      var name = ""
      for character in String(describing: code) {
        if character.isUppercase { name += "_" }
        name += character.uppercased()
      }
      return name
    }
  }

  public var code: Code
  /// For the caller: what was wrong, what is allowed.
  public var message: String
  /// Extra trailing metadata, such as `grpc-retry-pushback-ms`.
  public var metadata: Metadata
  /// An encoded `google.rpc.Status`, sent as `grpc-status-details-bin`; empty for none.
  public var details: [UInt8]
  /// For the log only; never sent.
  public var cause: (any Error)?

  public init(
    _ code: Code, _ message: String = "", metadata: Metadata = [:], details: [UInt8] = [],
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.metadata = metadata
    self.details = details
    self.cause = cause
  }

  public var description: String { "\(code): \(message)" }
}
