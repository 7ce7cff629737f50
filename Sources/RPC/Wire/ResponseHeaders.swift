internal import Bytes
internal import HTTP2
internal import Messages

/// The header lists of a response.
///
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (Responses)
enum ResponseHeaders {
  private static let plainHead = FixedHeaders([
    (":status", "200"), ("content-type", "application/grpc"),
  ])
  private static let plainOK = FixedHeaders([("grpc-status", "0")])

  /// The head of a response that has messages.
  ///
  /// - Throws: a status that says what is wrong with the metadata.
  static func head(_ initial: Metadata, limit: Int) throws(Status) -> Headers {
    if initial.entries.isEmpty { return .fixed(plainHead) }
    var list = HeaderList()
    list.append(":status", "200")
    list.append("content-type", "application/grpc")
    if let reason = MetadataCoding.append(initial, to: &list, limit: limit) {
      throw Status(.internal, "initial \(reason)")
    }
    return .list(list)
  }

  /// What ends a response that had a head.
  ///
  /// - Parameter failure: nil is OK.
  static func trailers(_ failure: Status?, _ trailing: Metadata, limit: Int) -> Headers {
    if failure == nil && trailing.entries.isEmpty { return .fixed(plainOK) }
    let status = failure ?? Status(.ok)
    return .list(ending(HeaderList(), status, trailing, limit: limit))
  }

  /// A response that is nothing but its end (Trailers-Only).
  static func trailersOnly(
    _ status: Status, initial: Metadata, trailing: Metadata, limit: Int
  ) -> Headers {
    var list = HeaderList()
    list.append(":status", "200")
    list.append("content-type", "application/grpc")
    let start = list
    if let reason = MetadataCoding.append(initial, to: &list, limit: limit) {
      return .list(ending(start, Status(.internal, "initial \(reason)"), [:], limit: limit))
    }
    return .list(ending(list, status, trailing, limit: limit))
  }

  /// Message and details are cut to their limits; metadata that cannot be sent turns the status
  /// into INTERNAL, which says why.
  private static func ending(
    _ start: HeaderList, _ status: Status, _ trailing: Metadata, limit: Int
  ) -> HeaderList {
    var list = start
    list.append("grpc-status", "\(status.code.rawValue)")
    if !status.message.isEmpty {
      list.append(
        "grpc-message", bytes: PercentEncoding.encode(status.message, limit: limit / 2))
    }
    if !status.details.isEmpty, status.details.count * 4 / 3 < limit {
      list.append("grpc-status-details-bin", bytes: Base64.encode(status.details))
    }
    for metadata in [status.metadata, trailing] where !metadata.entries.isEmpty {
      if let reason = MetadataCoding.append(metadata, to: &list, limit: limit) {
        return ending(start, Status(.internal, "trailing \(reason)"), [:], limit: limit)
      }
    }
    return list
  }
}
