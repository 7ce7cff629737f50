internal import JSON

/// `/openapi.json`: put together from what the routes say of themselves.
enum OpenAPIDocument {
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

  static func text(_ routes: [Route], version: String) -> [UInt8] {
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
      writePaths(routes, to: &json)
      writeComponents(to: &json)
    }
    return json.bytes
  }

  private static func writePaths(_ routes: [Route], to json: inout JSONWriter) {
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
            route.writeOperation(to: &json)
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
