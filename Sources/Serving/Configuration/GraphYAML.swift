internal import JSON

/// YAML as the JSON that it stands for: values without quotes are numbers and truth values where
/// they can be.
enum GraphYAML {
  /// The JSON of an entry that must be a mapping.
  static func object(
    _ entry: YAMLNode.Entry, _ reader: SettingsReader
  ) throws(ConfigurationError) -> String {
    guard case .mapping = entry.value.content else {
      throw reader.error(
        entry, "\(reader.path(entry.key)): expected `key: value` lines, got \(entry.value.kind)")
    }
    var json = JSONWriter()
    write(entry.value, to: &json)
    return json.text
  }

  private static func write(_ node: YAMLNode, to json: inout JSONWriter) {
    switch node.content {
    case .scalar(let text): write(text, to: &json)
    case .sequence(let items):
      json.beginArray()
      for item in items { write(item, to: &json) }
      json.endArray()
    case .mapping(let entries):
      json.beginObject()
      for entry in entries {
        json.key(entry.key)
        write(entry.value, to: &json)
      }
      json.endObject()
    }
  }

  private static func write(_ text: String, to json: inout JSONWriter) {
    if let number = Int(text) {
      json.integer(number)
    } else if let number = Double(text), number.isFinite {
      json.number(number)
    } else if let truth = Bool(text) {
      json.boolean(truth)
    } else if text.isEmpty || text == "null" || text == "~" {
      json.null()
    } else {
      json.string(text)
    }
  }
}
