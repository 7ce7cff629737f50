internal import Messages

// The one table between gRPC's codes and HTTP's, as google/rpc/code.proto gives it.

extension Status.Code {
  var httpStatus: Int {
    switch self {
    case .ok: 200
    case .invalidArgument, .failedPrecondition, .outOfRange: 400
    case .unauthenticated: 401
    case .permissionDenied: 403
    case .notFound: 404
    case .alreadyExists, .aborted: 409
    case .resourceExhausted: 429
    case .cancelled: 499
    case .unknown, .internal, .dataLoss: 500
    case .unimplemented: 501
    case .unavailable: 503
    case .deadlineExceeded: 504
    }
  }
}

extension HTTPError {
  /// A call's status, in the words of HTTP: messages name fields as the contract does, and the
  /// names that JSON uses instead are put in their place. What has gone for good is gone here too,
  /// whichever code gRPC has for it.
  init(_ status: Status) {
    switch status.reason {
    case .sunset:
      self.init(.gone, status.message)
      return
    case .messageTooLarge:
      self.init(.payloadTooLarge, status.message)
      return
    case nil: break
    }
    self.init(
      status: status.code.httpStatus, code: status.code.name, message: status.message)
    if status.code == .unauthenticated {
      headers.append(("www-authenticate", "Bearer"))
    }
    guard status.code == .invalidArgument || status.code == .outOfRange else { return }
    guard let name = Self.leadingField(of: status.message) else { return }
    let renamed = Self.renamed(name)
    field = renamed
    message = renamed + status.message.dropFirst(name.count)
  }

  /// The field that a message begins with, as in `instances[3].text: expected …`.
  private static func leadingField(of message: String) -> Substring? {
    guard let colon = message.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let name = message[..<colon]
    let isField = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "["), UInt8(ascii: "]"):
        true
      default: false
      }
    }
    return isField && !name.isEmpty ? name : nil
  }

  private static func renamed(_ name: Substring) -> String {
    for (contract, json) in [("instances", "inputs"), ("sampling", "options")]
    where name == contract || name.hasPrefix(contract + "[") || name.hasPrefix(contract + ".") {
      return json + name.dropFirst(contract.count)
    }
    return name == "version" ? "model_version" : String(name)
  }
}
