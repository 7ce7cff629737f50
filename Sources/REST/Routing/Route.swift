/// One path and method with its handler, its description and what it asks of a caller. They stand
/// in `Routes`, `OpenAI` and `OpenInference`, and the list of all in `Route+All.swift`.
final class Route: Sendable {
  /// Who may call it. The calls that a handler makes are what enforces it; a test walks the table
  /// with and without keys and holds every route to what it says here.
  enum Access: Sendable {
    /// Anybody: health, metrics and the description of the interface.
    case open
    /// Whoever has a key, where the server has keys.
    case key
    /// Whoever has an administrator's key.
    case admin
  }

  typealias Handler = @Sendable (HTTPRequest, Gateway) async throws -> HTTPResponse

  let method: HTTPMethod
  let pattern: PathPattern
  /// Method and pattern, such as `POST /v1/predict`.
  let name: String
  let access: Access
  let dialect: ErrorDialect
  let operation: Operation
  let handle: Handler

  init(
    _ method: HTTPMethod, _ pattern: String, access: Access = .key,
    dialect: ErrorDialect = .own, operation: Operation, handle: @escaping Handler
  ) {
    self.method = method
    self.pattern = PathPattern(pattern)
    name = "\(method.rawValue) \(pattern)"
    self.access = access
    self.dialect = dialect
    self.operation = operation
    self.handle = handle
  }

  /// Whether it reads a body: one that is sent all the same is not looked at.
  var takesBody: Bool { operation.request != nil }
}
