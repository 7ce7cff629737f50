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

  /// What ends a response.
  struct Ending {
    let headers: Headers
    /// The INTERNAL that took the status's place because the metadata cannot be sent.
    var refusal: Status?
  }

  /// The head of a response that has messages.
  ///
  /// - Throws: a status that says what is wrong with the metadata.
  static func head(_ initial: Metadata, limit: Int) throws(Status) -> Headers {
    if initial.entries.isEmpty { return .fixed(plainHead) }
    var list = HeaderList()
    list.append(":status", "200")
    list.append("content-type", "application/grpc")
    if let problem = MetadataCoding.append(initial, to: &list, limit: limit) {
      throw problem.status("initial")
    }
    return .list(list)
  }

  /// What ends a response that had a head.
  ///
  /// - Parameter failure: nil is OK.
  static func trailers(_ failure: Status?, _ trailing: Metadata, limit: Int) -> Ending {
    if failure == nil && trailing.entries.isEmpty { return Ending(headers: .fixed(plainOK)) }
    return ending(HeaderList(), failure ?? Status(.ok), trailing, limit: limit)
  }

  /// A response that is nothing but its end (Trailers-Only).
  static func trailersOnly(
    _ status: Status, initial: Metadata, trailing: Metadata, limit: Int
  ) -> Ending {
    var list = HeaderList()
    list.append(":status", "200")
    list.append("content-type", "application/grpc")
    let start = list
    if let problem = MetadataCoding.append(initial, to: &list, limit: limit) {
      return refusal(start, problem.status("initial"), limit: limit)
    }
    return ending(list, status, trailing, limit: limit)
  }

  /// Message and details are cut to their limits; metadata that cannot be sent turns the status
  /// into INTERNAL, which says why.
  private static func ending(
    _ start: HeaderList, _ status: Status, _ trailing: Metadata, limit: Int
  ) -> Ending {
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
      if let problem = MetadataCoding.append(metadata, to: &list, limit: limit) {
        return refusal(start, problem.status("trailing"), limit: limit)
      }
    }
    return Ending(headers: .list(list))
  }

  private static func refusal(_ start: HeaderList, _ status: Status, limit: Int) -> Ending {
    var ending = ending(start, status, [:], limit: limit)
    ending.refusal = status
    return ending
  }
}
