internal import JSON
internal import Messages

/// An answer that is no success: thrown by routes and by the front itself, written out in the
/// dialect of the route.
struct HTTPError: Error, Sendable {
  var status: Int
  /// In capitals: the gRPC code's name, or one of this front's own.
  var code: String
  /// For the caller: what was wrong, what is allowed.
  var message: String
  /// The field of the body, query item or header that is to blame; nil for none.
  var field: String?
  /// Sent with the answer.
  var headers: [HTTPResponse.Header] = []

  /// What the front itself finds wrong with a request.
  enum Kind: Sendable {
    case badRequest, notFound, methodNotAllowed, gone, payloadTooLarge, targetTooLong
    case unsupportedMediaType, headersTooLarge, unavailable

    var status: Int {
      switch self {
      case .badRequest: 400
      case .notFound: 404
      case .methodNotAllowed: 405
      case .gone: 410
      case .payloadTooLarge: 413
      case .targetTooLong: 414
      case .unsupportedMediaType: 415
      case .headersTooLarge: 431
      case .unavailable: 503
      }
    }

    var code: String {
      switch self {
      case .badRequest: "INVALID_ARGUMENT"
      case .notFound: "NOT_FOUND"
      case .methodNotAllowed: "METHOD_NOT_ALLOWED"
      case .gone: "GONE"
      case .payloadTooLarge: "PAYLOAD_TOO_LARGE"
      case .targetTooLong: "URI_TOO_LONG"
      case .unsupportedMediaType: "UNSUPPORTED_MEDIA_TYPE"
      case .headersTooLarge: "HEADERS_TOO_LARGE"
      case .unavailable: "UNAVAILABLE"
      }
    }
  }

  init(
    _ kind: Kind, _ message: String, field: String? = nil, headers: [HTTPResponse.Header] = []
  ) {
    status = kind.status
    code = kind.code
    self.message = message
    self.field = field
    self.headers = headers
  }

  /// What passes a bound.
  ///
  /// - Parameters:
  ///   - what: the subject of the sentence, such as `the body has 7 bytes`.
  ///   - bound: in bytes.
  init(_ kind: Kind, _ what: String, over limit: HTTPLimit, of bound: Int) {
    self.init(kind, "\(what), over the limit of \(bound) bytes (\(limit.rawValue))")
  }

  /// What is wrong with the JSON of a body.
  init(_ error: JSONError) {
    let limit: HTTPLimit? =
      switch error.bound {
      case .bytes: .bodySize
      case .depth: .jsonDepth
      case .values: .jsonValues
      case nil: nil
      }
    self.init(
      .badRequest,
      limit.map { "the body's JSON is over a limit: \(error) (\($0.rawValue))" }
        ?? "the body is not valid JSON: \(error)")
  }

  init(status: Int, code: String, message: String, field: String? = nil) {
    self.status = status
    self.code = code
    self.message = message
    self.field = field
  }

  /// Whatever a handler threw; what is no status, no field and no HTTP error stays here.
  init(_ error: any Error) {
    switch error {
    case let error as HTTPError: self = error
    case let error as FieldError: self.init(.badRequest, error.description, field: error.field)
    case let error as JSONError: self.init(error)
    case let status as Status: self.init(status)
    case is CancellationError: self.init(Status(.cancelled, "the request was cancelled"))
    default: self.init(status: 500, code: "INTERNAL", message: "the request failed")
    }
  }
}
