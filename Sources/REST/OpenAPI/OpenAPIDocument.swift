internal import JSON
internal import Synchronization

/// `/openapi.json`: put together from what the routes say of themselves, and anew when others of
/// them are deprecated than before.
final class OpenAPIDocument: Sendable {
  private struct Made {
    var deprecated: Set<String>
    var text: [UInt8]
  }
  private let routes: [Route]
  private let version: String
  private let notices: (any RouteNotices)?
  private let made = Mutex<Made?>(nil)

  /// - Parameter version: the server's.
  init(_ routes: [Route], version: String, notices: (any RouteNotices)?) {
    self.routes = routes
    self.version = version
    self.notices = notices
  }

  /// What it says now.
  var text: [UInt8] {
    var deprecated: Set<String> = []
    if let notices {
      for route in routes where notices.notice(ofRoute: route.name) != nil {
        deprecated.insert(route.name)
      }
    }
    return made.withLock { made in
      if let made, made.deprecated == deprecated { return made.text }
      let text = Self.text(routes, version: version, deprecated: deprecated)
      made = Made(deprecated: deprecated, text: text)
      return text
    }
  }

  private static let description = """
    Answers of models over HTTP. The same methods are served over gRPC; keys, limits and errors \
    are the same there. Requests are read strictly: a field of another name or type is refused by \
    name.
    """

  private static let tags: [(name: String, description: String)] = [
    ("Inference", "Answers of models."),
    ("OpenAI", "The same for OpenAI's clients."),
    ("Open Inference", "The same for clients of the Open Inference Protocol (KServe v2)."),
    ("Models", "What models there are."),
    ("Jobs", "Work that may outlive its connection."),
    ("Usage", "What was used."),
    ("Administration", "Keys, webhooks, and the versions of models; for administrators."),
    ("Operation", "Health, metrics and this description."),
  ]

  private static func text(
    _ routes: [Route], version: String, deprecated: Set<String>
  ) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.member("openapi", "3.1.0")
      json.key("info")
      json.object { json in
        json.member("title", "Apus")
        json.member("version", version)
        json.member("description", description)
      }
      json.key("tags")
      json.array(tags) { json, tag in
        json.object { json in
          json.member("name", tag.name)
          json.member("description", tag.description)
        }
      }
      json.key("security")
      json.json(#"[{},{"bearer":[]},{"apiKey":[]}]"#.utf8)
      writePaths(routes, deprecated: deprecated, to: &json)
      writeComponents(to: &json)
    }
    return json.bytes
  }

  private static func writePaths(
    _ routes: [Route], deprecated: Set<String>, to json: inout JSONWriter
  ) {
    var paths: [String] = []
    for route in routes where !paths.contains(route.pattern.description) {
      paths.append(route.pattern.description)
    }
    json.key("paths")
    json.object { json in
      for path in paths {
        json.key(path)
        json.object { json in
          for route in routes where route.pattern.description == path {
            json.key(route.method.key)
            route.writeOperation(isDeprecated: deprecated.contains(route.name), to: &json)
          }
        }
      }
    }
  }

  private static func writeComponents(to json: inout JSONWriter) {
    json.key("components")
    json.object { json in
      json.key("securitySchemes")
      json.json(
        #"""
        {"bearer":{"type":"http","scheme":"bearer"},
        "apiKey":{"type":"apiKey","in":"header","name":"x-api-key"}}
        """#
          .utf8)
      json.key("schemas")
      json.object { json in
        for (name, schema) in Schemas.all {
          json.key(name)
          json.json(schema.utf8)
        }
      }
    }
  }
}
