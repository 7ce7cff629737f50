internal import CYaml

/// One node of a YAML document with the line it stands on. Anchors and aliases are refused:
/// configuration files need none, and aliases are how small files become huge.
struct YAMLNode: Sendable, Equatable {
  enum Content: Sendable, Equatable {
    case scalar(String)
    case sequence([YAMLNode])
    case mapping([Entry])
  }
  struct Entry: Sendable, Equatable {
    let key: String
    let line: Int
    let value: YAMLNode
  }
  let content: Content
  /// From 1.
  let line: Int
}

/// Where and why a configuration file is wrong.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  package let file: String
  /// From 1; 0 when no line is to blame.
  package let line: Int
  package let reason: String

  package init(file: String, line: Int = 0, _ reason: String) {
    self.file = file
    self.line = line
    self.reason = reason
  }
  package var description: String {
    line > 0 ? "\(file):\(line): \(reason)" : "\(file): \(reason)"
  }
}

/// Reads one YAML 1.1 document through libyaml's event parser into nodes.
@safe struct YAMLReader: ~Copyable {
  static let maximumBytes = 1 << 20
  static let maximumDepth = 16

  private let file: String
  private let parser: UnsafeMutablePointer<yaml_parser_t>

  /// - Parameter file: the name to use in errors.
  static func read(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> YAMLNode? {
    guard bytes.count <= maximumBytes else {
      throw ConfigurationError(
        file: file, "the file has \(bytes.count) bytes; at most \(maximumBytes) are allowed")
    }
    guard let reader = YAMLReader(file: file) else {
      throw ConfigurationError(file: file, "there is no memory for reading it")
    }
    return try reader.document(bytes)
  }

  private init?(file: String) {
    self.file = file
    unsafe parser = .allocate(capacity: 1)
    if unsafe yaml_parser_initialize(parser) != 1 { return nil }
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
  }

  private func document(_ bytes: [UInt8]) throws(ConfigurationError) -> YAMLNode? {
    // libyaml keeps the pointer while it parses, so parsing stays inside the borrow.
    let result = unsafe bytes.withUnsafeBufferPointer {
      buffer -> Result<YAMLNode?, ConfigurationError> in
      unsafe yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
      return Result { () throws(ConfigurationError) in try topLevel() }
    }
    return try result.get()
  }

  private func topLevel() throws(ConfigurationError) -> YAMLNode? {
    var root: YAMLNode?
    while true {
      let event = try next()
      switch event {
      case .streamEnd: return root
      case .other: continue
      case .documentStart(let line):
        if root != nil { throw error(line, "only one YAML document is allowed") }
        let first = try next()
        root = try node(first, depth: 0)
      default: throw error(event.line, "unexpected content outside a document")
      }
    }
  }

  private enum Event {
    case scalar(String, line: Int)
    case sequenceStart(line: Int)
    case sequenceEnd
    case mappingStart(line: Int)
    case mappingEnd
    case documentStart(line: Int)
    case streamEnd, other

    var line: Int {
      switch self {
      case .scalar(_, let line), .sequenceStart(let line), .mappingStart(let line),
        .documentStart(let line):
        line
      default: 0
      }
    }
  }

  private func node(_ event: Event, depth: Int) throws(ConfigurationError) -> YAMLNode {
    guard depth < YAMLReader.maximumDepth else {
      throw error(event.line, "nested deeper than \(YAMLReader.maximumDepth) levels")
    }
    switch event {
    case .scalar(let text, let line):
      return YAMLNode(content: .scalar(text), line: line)
    case .sequenceStart(let line):
      var items: [YAMLNode] = []
      while true {
        let item = try next()
        if case .sequenceEnd = item { break }
        items.append(try node(item, depth: depth + 1))
      }
      return YAMLNode(content: .sequence(items), line: line)
    case .mappingStart(let line):
      return YAMLNode(content: .mapping(try entries(depth: depth)), line: line)
    default:
      throw error(event.line, "expected a value")
    }
  }

  private func entries(depth: Int) throws(ConfigurationError) -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    var seen: Set<String> = []
    while true {
      let event = try next()
      if case .mappingEnd = event { return entries }
      guard case .scalar(let key, let line) = event else {
        throw error(event.line, "a key must be plain text")
      }
      guard seen.insert(key).inserted else { throw error(line, "\(key) is given twice") }
      let value = try next()
      entries.append(.init(key: key, line: line, value: try node(value, depth: depth + 1)))
    }
  }

  private func next() throws(ConfigurationError) -> Event {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else {
      let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
      throw error(
        unsafe Int(parser.pointee.problem_mark.line) + 1, problem ?? "this is no valid YAML")
    }
    defer { unsafe yaml_event_delete(&event) }
    let line = unsafe Int(event.start_mark.line) + 1
    switch unsafe event.type {
    case YAML_SCALAR_EVENT: return unsafe try scalar(event, line)
    case YAML_SEQUENCE_START_EVENT:
      try unsafe refuse(event.data.sequence_start.anchor, line)
      return .sequenceStart(line: line)
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      try unsafe refuse(event.data.mapping_start.anchor, line)
      return .mappingStart(line: line)
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    case YAML_DOCUMENT_START_EVENT: return .documentStart(line: line)
    case YAML_STREAM_END_EVENT: return .streamEnd
    case YAML_ALIAS_EVENT: throw error(line, "aliases (*name) are not supported")
    default: return .other
    }
  }

  private func scalar(_ event: yaml_event_t, _ line: Int) throws(ConfigurationError) -> Event {
    try unsafe refuse(event.data.scalar.anchor, line)
    let bytes = unsafe UnsafeBufferPointer(
      start: event.data.scalar.value, count: event.data.scalar.length)
    return .scalar(unsafe String(decoding: bytes, as: UTF8.self), line: line)
  }

  private func refuse(_ anchor: UnsafeMutablePointer<yaml_char_t>?, _ line: Int)
    throws(ConfigurationError)
  {
    if unsafe anchor != nil { throw error(line, "anchors (&name) are not supported") }
  }

  private func error(_ line: Int, _ reason: String) -> ConfigurationError {
    ConfigurationError(file: file, line: line, reason)
  }
}
