internal import CMicroHTTPD

extension HTTPResponse {
  /// The answer as it goes over the wire where the library will not send it: as the last of its
  /// connection, with a body that is no stream.
  var lastOnWire: [UInt8] {
    guard case .bytes(let body) = body else { return [] }
    let reason = unsafe MHD_get_reason_phrase_for(UInt32(status))
    let phrase = unsafe reason.map { unsafe String(cString: $0) } ?? ""
    var head = "HTTP/1.1 \(status) \(phrase)\r\n"
    for header in headers where header.name != "connection" {
      head += "\(header.name): \(header.value)\r\n"
    }
    head += "content-length: \(body.count)\r\nconnection: close\r\n\r\n"
    return Array(head.utf8) + body
  }
}
