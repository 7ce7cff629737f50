internal import Messages

/// The request header fields that are read at all, and which of them handlers get to see.
enum RequestHeader: Int, CaseIterable, Sendable {
  case accept
  case accessControlRequestMethod
  case apiKey
  case authorization
  case cacheControl
  case contentLength
  case contentType
  case expect
  case host
  case idempotencyKey
  case inferenceHeaderContentLength
  case origin
  case requestID
  case timeout
  case traceparent
  case tracestate
  case transferEncoding
  case userAgent

  /// In lower case.
  var name: String {
    switch self {
    case .accept: "accept"
    case .accessControlRequestMethod: "access-control-request-method"
    case .apiKey: "x-api-key"
    case .authorization: "authorization"
    case .cacheControl: "cache-control"
    case .contentLength: "content-length"
    case .contentType: "content-type"
    case .expect: "expect"
    case .host: "host"
    case .idempotencyKey: "idempotency-key"
    case .inferenceHeaderContentLength: "inference-header-content-length"
    case .origin: "origin"
    case .requestID: "x-request-id"
    case .timeout: "x-timeout-ms"
    case .traceparent: "traceparent"
    case .tracestate: "tracestate"
    case .transferEncoding: "transfer-encoding"
    case .userAgent: "user-agent"
    }
  }

  /// Becomes metadata of the calls that the request makes. `x-request-id` does too, but as the id
  /// that the front settled on.
  var isMetadata: Bool {
    switch self {
    case .apiKey, .authorization, .traceparent, .tracestate, .userAgent: true
    default: false
    }
  }

  /// By the length of their names, so that a foreign field costs next to nothing.
  private static let byLength: [[(bytes: [UInt8], header: RequestHeader)]] = {
    var table = [[(bytes: [UInt8], header: RequestHeader)]](repeating: [], count: 32)
    for header in allCases {
      table[header.name.utf8.count].append((Array(header.name.utf8), header))
    }
    return table
  }()

  /// Nil for a field that nobody here reads. Names are compared without case.
  init?(name: UnsafeRawBufferPointer) {
    guard name.count < Self.byLength.count else { return nil }
    candidates: for candidate in Self.byLength[name.count] {
      for index in 0..<name.count {
        let byte = unsafe name[index]
        let lower = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        guard lower == candidate.bytes[index] else { continue candidates }
      }
      self = candidate.header
      return
    }
    return nil
  }
}

/// The fields of one request that are read, in order.
struct RequestHeaders: Sendable {
  /// What other readers of the connection may read otherwise (RFC 9112, sections 5.1 and 5.2).
  enum Flaw: String, Sendable {
    case name = "a header field's name has characters that no name has, such as a space"
    case lines = "a line of the head has a zero byte, or is folded onto the next"
  }

  var flaw: Flaw?
  private var fields: [(header: RequestHeader, value: String)] = []

  init() {}

  mutating func append(_ header: RequestHeader, _ value: String) {
    if fields.isEmpty { fields.reserveCapacity(8) }
    fields.append((header, value))
  }

  /// Looks at a name, foreign or not.
  mutating func check(name: UnsafeRawBufferPointer) {
    // The characters of a token: RFC 9110, section 5.6.2.
    let isToken = unsafe !name.isEmpty && name.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
        true
      default: "!#$%&'*+.^_`|~".utf8.contains(byte)
      }
    }
    if !isToken { flaw = .name }
  }

  /// The first value of that name.
  subscript(_ header: RequestHeader) -> String? {
    for index in fields.indices where fields[index].header == header {
      return fields[index].value
    }
    return nil
  }

  /// How often the field came.
  func count(_ header: RequestHeader) -> Int {
    fields.count { $0.header == header }
  }

  /// What handlers get to see.
  var metadata: Metadata {
    var metadata = Metadata()
    for field in fields where field.header.isMetadata {
      metadata.append(field.header.name, field.value)
    }
    return metadata
  }
}
