internal import Bytes
internal import HTTP2
internal import Messages

/// A response's head, trailers, or both in one.
struct ResponseHead: Sendable {
  private(set) var metadata = Metadata()
  /// From `grpc-status`, `grpc-message` and `grpc-status-details-bin`.
  private(set) var status: Status?
  private var http = 0
  private var isGRPC = false
  private var encoding: String?

  init(_ block: borrowing HeaderBlock) {
    var code: Int32?
    var message = ""
    var details: [UInt8] = []
    for index in 0..<block.count {
      let field = block[index]
      let value = unsafe MetadataCoding.trimmed(field.value)
      if field.isNamed(":status") {
        http = unsafe Int(String(decoding: value, as: UTF8.self)) ?? 0
      } else if field.isNamed("content-type") {
        isGRPC = unsafe value.starts(with: "application/grpc".utf8)
      } else if field.isNamed("grpc-status") {
        code = unsafe Int32(String(decoding: value, as: UTF8.self)) ?? Status.Code.unknown.rawValue
      } else if field.isNamed("grpc-message") {
        message = unsafe PercentEncoding.decode(value)
      } else if field.isNamed("grpc-status-details-bin") {
        details = unsafe Base64.decode(value) ?? []
      } else if field.isNamed("grpc-encoding") {
        encoding = unsafe String(decoding: value, as: UTF8.self)
      } else if MetadataCoding.isMetadata(field) {
        _ = MetadataCoding.append(field, to: &metadata)
      }
    }
    if let code {
      status = Status(
        Status.Code(rawValue: code) ?? .unknown, message, metadata: metadata, details: details)
    }
  }

  /// Why this head cannot begin a gRPC response; nil if it can.
  var problem: Status? {
    if http != 200 { return Status(codeOfHTTP, "the server answered HTTP \(http)") }
    if !isGRPC { return Status(.unknown, "the server's answer is not application/grpc") }
    if let encoding, encoding != "identity" {
      return Status(.internal, "the server answered in the encoding \(encoding)")
    }
    return nil
  }

  /// The status if the response is nothing but this head.
  var outcome: Status {
    status ?? problem ?? Status(.unknown, "the response ended without a status")
  }

  /// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
  private var codeOfHTTP: Status.Code {
    switch http {
    case 400: .internal
    case 401: .unauthenticated
    case 403: .permissionDenied
    case 404: .unimplemented
    case 429, 502, 503, 504: .unavailable
    default: .unknown
    }
  }
}
