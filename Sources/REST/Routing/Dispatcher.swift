internal import Bytes
internal import Messages

/// Finds a request's route and answers it: what stands between a connection and the handlers. Free
/// of sockets.
final class Dispatcher: Sendable {
  let table: RouteTable
  let limits: HTTPLimits
  private let cors: CORS
  private let notices: (any RouteNotices)?
  private let refusal: (@Sendable (Metadata) async -> Status?)?

  /// - Parameter refusal: why whoever sends a request may call nothing; nil where all may.
  init(
    table: RouteTable, limits: HTTPLimits, cors: CORS, notices: (any RouteNotices)? = nil,
    refusal: (@Sendable (Metadata) async -> Status?)? = nil
  ) {
    self.table = table
    self.limits = limits
    self.cors = cors
    self.notices = notices
    self.refusal = refusal
  }

  /// What is known of a request before its body.
  struct Head: Sendable {
    let method: String
    let target: Target
    let headers: RequestHeaders
    /// Bytes of the request line and the header fields.
    let size: Int
    let id: String
  }

  /// What becomes of a request on account of its head.
  enum Admission: Sendable {
    /// To be handled when its body is here.
    case admitted(Route, HTTPMethod, parameters: [String])
    /// Answered; a body that comes is not looked at.
    case answered(HTTPResponse, Route?)
    /// Answered, and the connection cannot be used again: what follows the head is not known.
    case broken(HTTPResponse)
  }

  func admit(_ head: Head) -> Admission {
    if let error = framingError(head) {
      return .broken(finished(ErrorDialect.both.response(error, requestID: head.id), head))
    }
    var found: Route?
    do throws(HTTPError) {
      guard let match = try table.match(head.target) else {
        throw HTTPError(.notFound, "there is nothing at \(Self.shown(head.target.path))")
      }
      guard let method = HTTPMethod(rawValue: head.method) else {
        throw notAllowed(head, match)
      }
      if method == .options { return .answered(options(head, match), nil) }
      guard let route = match.route(method) else { throw notAllowed(head, match) }
      found = route
      try checkSunset(route, head)
      try checkContentType(head.headers, route)
      _ = try HTTPRequest.timeout(head.headers)
      return .admitted(route, method, parameters: match.parameters)
    } catch {
      let response = (found?.dialect ?? .both).response(error, requestID: head.id)
      return .answered(finished(response, head, found), found)
    }
  }

  /// Runs the route's handler; whatever it throws becomes an answer.
  func respond(to request: HTTPRequest, _ route: Route, _ gateway: Gateway) async -> HTTPResponse {
    do {
      return answered(try await route.handle(request, gateway), request, route, gateway)
    } catch {
      return await failed(error, request, route, gateway)
    }
  }

  /// What the front answers when it cannot let a handler run.
  func refusal(_ error: HTTPError, _ head: Head, _ route: Route?) -> HTTPResponse {
    finished((route?.dialect ?? .both).response(error, requestID: head.id), head, route)
  }

  // MARK: Parts

  // Neither is inlined: the frame of a request that waits has no use for their temporaries.
  @inline(never)
  private func failed(
    _ error: any Error, _ request: HTTPRequest, _ route: Route, _ gateway: Gateway
  ) async -> HTTPResponse {
    // Whoever may not call hears of that first, not of what is wrong with the body.
    let isStranger = route.takesBody && gateway.calls == 0
    let refusal = isStranger ? await refusal?(request.headers.metadata) : nil
    let id = gateway.answerMetadata.lazy.compactMap(AnswerHeaders.requestID).first
    let response = route.dialect.response(HTTPError(refusal ?? error), requestID: id ?? request.id)
    return answered(response, request, route, gateway)
  }

  /// The response with what its calls' metadata tell.
  @inline(never)
  private func answered(
    _ response: consuming HTTPResponse, _ request: HTTPRequest, _ route: Route, _ gateway: Gateway
  ) -> HTTPResponse {
    response.headers.reserveCapacity(response.headers.count + 8)
    var id: String?
    for metadata in gateway.answerMetadata {
      id = id ?? AnswerHeaders.requestID(of: metadata)
      for field in AnswerHeaders.fields(of: metadata)
      where field.name == "link" || !response.headers.contains(where: { $0.name == field.name }) {
        response.headers.append(field)
      }
    }
    return finished(response, request.headers, id: id ?? request.id, route)
  }

  private func finished(
    _ response: HTTPResponse, _ head: Head, _ route: Route? = nil
  ) -> HTTPResponse {
    finished(response, head.headers, id: head.id, route)
  }

  private func finished(
    _ response: consuming HTTPResponse, _ headers: RequestHeaders, id: String, _ route: Route?
  ) -> HTTPResponse {
    if let route, var notice = notices?.notice(ofRoute: route.name) {
      // Of the method that the route called, or its model, there may be a notice as well.
      response.headers.removeAll { notice.take($0.name, $0.value) }
      response.headers.append(contentsOf: notice.fields)
    }
    response.headers.append((RequestHeader.requestID.name, id))
    response.headers.append(contentsOf: cors.fields(headers[.origin]))
    return response
  }

  private func options(_ head: Head, _ match: RouteTable.Match) -> HTTPResponse {
    let allowed = cors.preflight(head.headers, methods: match.methods)
    return finished(
      HTTPResponse(status: 204, headers: [("allow", match.methods)] + allowed), head)
  }

  private static func shown(_ text: String, _ bytes: Int = 200) -> String {
    VisibleText.shortened(text, bytes: bytes)
  }

  private func notAllowed(_ head: Head, _ match: RouteTable.Match) -> HTTPError {
    HTTPError(
      .methodNotAllowed,
      "\(Self.shown(head.method, 32)) is not allowed at \(Self.shown(head.target.path)); "
        + "allowed are \(match.methods)",
      headers: [("allow", match.methods)])
  }

  /// - Throws: where the route has gone.
  private func checkSunset(_ route: Route, _ head: Head) throws(HTTPError) {
    guard let notices, notices.notice(ofRoute: route.name) != nil,
      let refusal = notices.called(route.name, head.headers.metadata)
    else { return }
    throw HTTPError(.gone, refusal)
  }

  private func checkContentType(_ headers: RequestHeaders, _ route: Route) throws(HTTPError) {
    guard route.takesBody, let type = headers[.contentType], type != HTTPResponse.jsonType else {
      return
    }
    let parts = type.lowercased().split(separator: ";").map { $0.filter { $0 != " " } }
    let isJSON = parts.first.map { $0 == "application/json" || $0.hasSuffix("+json") } ?? false
    let charset = parts.dropFirst().first { $0.hasPrefix("charset=") }
    let isUTF8 = charset.map { $0.filter { $0 != "\"" } == "charset=utf-8" } ?? true
    guard isJSON && isUTF8 else {
      throw HTTPError(
        .unsupportedMediaType,
        "content-type \(Self.shown(type, 100)) is not understood; send application/json in UTF-8",
        headers: [("accept-post", HTTPResponse.jsonType)])
    }
  }

  /// What would let two readers of the connection disagree about where a request ends
  /// (RFC 9112, section 6.3), and heads over their limits.
  private func framingError(_ head: Head) -> HTTPError? {
    if head.headers.flaw != nil || head.headers.count(.host) > 1 {
      return HTTPError(
        .badRequest, head.headers.flaw?.rawValue ?? "host: it may come once",
        headers: [("connection", "close")])
    }
    let lengths = head.headers.count(.contentLength)
    let codings = head.headers.count(.transferEncoding)
    if lengths > 1 || codings > 1 || (lengths == 1 && codings == 1) {
      return HTTPError(
        .badRequest, "content-length and transfer-encoding: one of them, once, ends a body",
        headers: [("connection", "close")])
    }
    if let coding = head.headers[.transferEncoding], coding.lowercased() != "chunked" {
      return HTTPError(
        status: 501, code: "UNIMPLEMENTED",
        message: "transfer-encoding \(Self.shown(coding, 100)) is not spoken; send chunked")
    }
    if head.target.size > limits.targetSize {
      return HTTPError(
        .targetTooLong, "the request's target has \(head.target.size) bytes", over: .targetSize,
        of: limits.targetSize)
    }
    if head.size > limits.headerSize {
      return HTTPError(
        .headersTooLarge, "the request's head has \(head.size) bytes", over: .headerSize,
        of: limits.headerSize)
    }
    if let length = head.headers[.contentLength].flatMap({ Int($0) }), length > limits.bodySize {
      return HTTPError(
        .payloadTooLarge, "the body has \(length) bytes", over: .bodySize, of: limits.bodySize)
    }
    return nil
  }
}
