internal import Bytes
internal import HTTP2
internal import Messages

/// A request's head that RPC can work with.
struct RequestHead: Sendable {
  var path: String
  var metadata: Metadata
  /// `grpc-encoding`, if it is anything but identity.
  var encoding: String?
  /// What the client calls the call.
  var requestID: String?
  /// Where the client places the call in a trace, well or badly.
  var traceparent: String?

  /// Says that the encoding is not spoken here, and which is.
  var unknownEncoding: Status {
    let shown = VisibleText.shortened(encoding ?? "", bytes: 100)
    return Status(
      .unimplemented, "grpc-encoding \"\(shown)\" is not supported; send identity",
      metadata: ["grpc-accept-encoding": "identity"])
  }
}

/// A head that led to a method. Clients send the same head again and again, so a connection keeps
/// the last one and its calls share it.
final class AdmittedHead: Sendable {
  let request: RequestHead
  let route: Route
  /// The fields it came from.
  let snapshot: HeaderSnapshot

  init(request: RequestHead, route: Route, snapshot: HeaderSnapshot) {
    self.request = request
    self.route = route
    self.snapshot = snapshot
  }
}

/// What to do with a request on account of its head.
enum RequestVerdict: Sendable {
  case accepted(RequestHead)
  /// HTTP itself is broken: RST_STREAM(PROTOCOL_ERROR).
  case malformed
  /// An answer without a call: header fields that end the stream.
  case answered(HeaderList)
  case rejected(Status)
}

extension RequestVerdict {
  /// Judges a head as gRPC (PROTOCOL-HTTP2, Requests) and RFC 9113 (section 8) have it.
  init(_ block: borrowing HeaderBlock, timeout: Timeout.Field, headerLimit: Int) {
    if block.isTruncated {
      self = .rejected(
        Status(
          .resourceExhausted,
          "request headers of \(block.listSize) bytes are over the limit of \(headerLimit) bytes "
            + "(\(Limit.headerSize.rawValue))",
          cause: Limit.headerSize))
      return
    }
    var reader = RequestHeadReader(timeout: timeout)
    for index in 0..<block.count {
      guard reader.read(block[index]) else {
        self = .malformed
        return
      }
    }
    self = reader.verdict
  }

  /// What the log can say of a head that is not judged further: its path, if that was kept.
  static func outline(of block: borrowing HeaderBlock) -> RequestHead {
    for index in 0..<block.count where block[index].isNamed(":path") {
      let path = unsafe String(decoding: block[index].value, as: UTF8.self)
      return RequestHead(path: path, metadata: [:])
    }
    return RequestHead(path: "", metadata: [:])
  }

  static func http(_ code: String, _ extra: (String, String)...) -> RequestVerdict {
    var list = HeaderList()
    list.append(":status", code)
    for pair in extra { list.append(pair.0, pair.1) }
    return .answered(list)
  }
}

/// Collects one head's fields in order.
private struct RequestHeadReader {
  private enum Pseudo: Int { case method, path, scheme, authority }
  private var seen: Set<Int> = []
  private var regularFields = false
  private var isPost = false
  private var path = ""
  private var contentType: Bool?
  private var metadata = Metadata()
  private var encoding: String?
  private var badField: String?

  /// - Parameter timeout: which sessions keep apart from the other fields.
  init(timeout: Timeout.Field) {
    if timeout == .malformed { badField = "grpc-timeout" }
  }

  /// - Returns: false if the head breaks HTTP.
  mutating func read(_ field: HeaderBlock.Field) -> Bool {
    guard let first = unsafe field.name.first, unsafe field.value.allSatisfy(isValueByte) else {
      return false
    }
    if first == UInt8(ascii: ":") { return readPseudo(field) }
    regularFields = true
    guard unsafe field.name.allSatisfy(isTokenByte), !isConnectionSpecific(field) else {
      return false
    }
    if field.isNamed("content-type") {
      contentType = unsafe isGRPC(MetadataCoding.trimmed(field.value))
    } else if field.isNamed("te") {
      return unsafe MetadataCoding.trimmed(field.value).elementsEqual("trailers".utf8)
    } else if field.isNamed("grpc-encoding") {
      let value = unsafe String(decoding: MetadataCoding.trimmed(field.value), as: UTF8.self)
      encoding = value == "identity" ? nil : value
    } else if MetadataCoding.isMetadata(field) {
      if !MetadataCoding.append(field, to: &metadata) {
        badField = unsafe String(decoding: field.name, as: UTF8.self)
      }
    }
    return true
  }

  private mutating func readPseudo(_ field: HeaderBlock.Field) -> Bool {
    let pseudo: Pseudo
    if field.isNamed(":path") {
      pseudo = .path
      path = unsafe String(decoding: field.value, as: UTF8.self)
    } else if field.isNamed(":method") {
      pseudo = .method
      isPost = unsafe field.value.elementsEqual("POST".utf8)
    } else if field.isNamed(":scheme") {
      pseudo = .scheme
    } else if field.isNamed(":authority") {
      pseudo = .authority
    } else {
      return false
    }
    return !regularFields && seen.insert(pseudo.rawValue).inserted
  }

  var verdict: RequestVerdict {
    let needed: [Pseudo] = [.method, .path, .scheme]
    guard seen.isSuperset(of: needed.map(\.rawValue)) else { return .malformed }
    guard isPost else { return .http("405", ("allow", "POST")) }
    guard contentType == true else { return .http("415", ("accept-post", "application/grpc")) }
    if let badField {
      return .http(
        "400", ("content-type", "application/grpc"), ("grpc-status", "13"),
        ("grpc-message", "malformed \(badField) header"))
    }
    return .accepted(
      RequestHead(
        path: path, metadata: metadata, encoding: encoding,
        requestID: RequestIDField.read(metadata), traceparent: TraceField.read(metadata)))
  }

  /// `application/grpc`, alone or followed by `+…` or `;…`.
  private func isGRPC(_ value: UnsafeRawBufferPointer) -> Bool {
    let prefix = "application/grpc".utf8
    guard unsafe value.starts(with: prefix) else { return false }
    guard value.count > prefix.count else { return true }
    let next = unsafe value[prefix.count]
    return next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
  }

  private func isConnectionSpecific(_ field: HeaderBlock.Field) -> Bool {
    switch unsafe field.name.count {
    case 10: field.isNamed("connection") || field.isNamed("keep-alive")
    case 7: field.isNamed("upgrade")
    case 16: field.isNamed("proxy-connection")
    case 17: field.isNamed("transfer-encoding")
    default: false
    }
  }

  private func isValueByte(_ byte: UInt8) -> Bool { byte != 0 && byte != 10 && byte != 13 }

  /// RFC 9110 token characters, lower case as RFC 9113 demands.
  private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
      UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
      UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default: false
    }
  }
}
