internal import JSON

extension HTTPRequest {
  /// The body as one JSON object.
  ///
  /// - Throws: `HTTPError` with line and column where it is no JSON.
  func object() throws -> Fields { try Fields(document().root) }

  /// The same for bodies that may be left out.
  func objectIfAny() throws -> Fields? { body.isEmpty ? nil : try object() }

  private func document() throws(HTTPError) -> JSONDocument {
    let body = body
    guard !body.isEmpty else { throw HTTPError(.badRequest, "the body is empty; send JSON") }
    let bounds = JSONDocument.Limits(
      bytes: limits.bodySize, depth: limits.jsonDepth, values: limits.jsonValues)
    do throws(JSONError) {
      return try unsafe JSONDocument(body.span.bytes, limits: bounds)
    } catch {
      throw HTTPError(error)
    }
  }
}
