internal import Messages
internal import REST

/// What this server has under names that a configuration may use: its methods, its routes.
struct ServedNames: Sendable {
  /// In errors.
  private let kind, example: String
  private let list: @Sendable () -> [String]

  static let methods = ServedNames(kind: "method", example: "/apus.v1.Inference/Predict") {
    let services: [any Service.Type] = [
      InferenceService.self, OpenInferenceService.self, AccountService.self, ControlService.self,
      JobHandlers.self,
    ]
    var files = services.map { ($0.serviceName, $0.file) }
    files.append(("grpc.health.v1.Health", .grpcHealthV1Health))
    files.append(("grpc.reflection.v1.ServerReflection", .grpcReflectionV1Reflection))
    files.append(("grpc.reflection.v1alpha.ServerReflection", .grpcReflectionV1alphaReflection))
    return files.flatMap { service, file in
      (file?.symbols ?? []).filter { $0.hasPrefix("\(service).") }.map { symbol in
        "/\(service)/\(symbol.dropFirst(service.utf8.count + 1))"
      }
    }
  }

  static let routes = ServedNames(kind: "route", example: "POST /v1/predict") { Front.routeNames }

  private init(kind: String, example: String, list: @escaping @Sendable () -> [String]) {
    self.kind = kind
    self.example = example
    self.list = list
  }

  var all: [String] { list() }

  var expected: String { "a \(kind) such as \(example), or what its path begins with" }

  /// What a name stands for: itself, or without a method all methods of its path; where there is no
  /// such path, all that is below it. Empty for a name that stands for nothing.
  func covered(by name: String) -> [String] {
    let (method, path) = Self.parts(name)
    guard path.hasPrefix("/") else { return [] }
    let candidates = all.filter { method.isEmpty || Self.parts($0).method == method }
    let exact = candidates.filter { Self.parts($0).path == path }
    return exact.isEmpty ? candidates.filter { Self.parts($0).path.hasPrefix("\(path)/") } : exact
  }

  /// Why a name that covers nothing is wrong.
  func complaint(_ name: String) -> String {
    let start = "there is no \(kind) `\(SettingsReader.shown(name))`; "
    if let nearest = Suggestion.nearest(to: name, among: all) {
      return start + "did you mean \(nearest)?"
    }
    return start + "there are \(all.joined(separator: ", "))"
  }

  /// Of `POST /v1/predict`; what has no method is all path.
  private static func parts(_ name: String) -> (method: Substring, path: Substring) {
    guard let space = name.firstIndex(of: " ") else { return ("", name[...]) }
    return (name[..<space], name[name.index(after: space)...])
  }
}
