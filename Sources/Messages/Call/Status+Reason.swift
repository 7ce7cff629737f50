extension Status {
  /// Why a call failed, where programs may want to know more than its code says.
  package enum Reason: String, Sendable {
    /// What was called has gone for good, as had been announced.
    case sunset = "SUNSET"
    /// The request is larger than this server takes: trying again is of no use.
    case messageTooLarge = "MESSAGE_TOO_LARGE"
  }

  private static let domain = "apus"
  private static let infoType = "type.googleapis.com/google.rpc.ErrorInfo"

  /// Gives the reason as google.rpc.ErrorInfo, whose domain is ours.
  package mutating func add(_ reason: Reason) {
    let info = GoogleRpc.ErrorInfo(reason: reason.rawValue, domain: Self.domain)
    addDetail(Self.infoType, info.encoded())
  }

  /// Nil for a status that gives none.
  package var reason: Reason? {
    guard !details.isEmpty, let status = try? GoogleRpc.Status(details) else { return nil }
    for detail in status.details where detail.typeURL == Self.infoType {
      let info = try? GoogleRpc.ErrorInfo(detail.value)
      if let info, info.domain == Self.domain { return Reason(rawValue: info.reason) }
    }
    return nil
  }

  /// Makes `details` of one message.
  mutating func addDetail(_ type: String, _ message: [UInt8]) {
    var status = GoogleRpc.Status()
    status.code = code.rawValue
    status.message = self.message
    status.details = [GoogleProtobuf.Any_(typeURL: type, value: message)]
    details = status.encoded()
  }
}
