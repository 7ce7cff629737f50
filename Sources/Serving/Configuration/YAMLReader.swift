internal import CYaml

/// Reads one YAML 1.1 document through libyaml's event parser into nodes.
///
/// Bytes, depth and nodes are bounded. Anchors and aliases are refused: configuration files need
/// none, and aliases are how small files become huge.
@safe struct YAMLReader: ~Copyable {
  static let maximumBytes = 1 << 20
  static let maximumDepth = 16
  static let maximumNodes = 50_000

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
        var budget = YAMLReader.maximumNodes
        root = try node(first, depth: 0, &budget)
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

  private func node(
    _ event: Event, depth: Int, _ budget: inout Int
  ) throws(ConfigurationError) -> YAMLNode {
    budget -= 1
    guard budget >= 0 else {
      throw error(event.line, "more than \(YAMLReader.maximumNodes) values and lists in one file")
    }
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
        items.append(try node(item, depth: depth + 1, &budget))
      }
      return YAMLNode(content: .sequence(items), line: line)
    case .mappingStart(let line):
      return YAMLNode(content: .mapping(try entries(depth: depth, &budget)), line: line)
    default:
      throw error(event.line, "expected a value")
    }
  }

  private func entries(
    depth: Int, _ budget: inout Int
  ) throws(ConfigurationError) -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    while true {
      let event = try next()
      if case .mappingEnd = event { return entries }
      guard case .scalar(let key, let line) = event else {
        throw error(event.line, "a key must be plain text")
      }
      let value = try next()
      entries.append(
        .init(key: key, line: line, value: try node(value, depth: depth + 1, &budget)))
    }
  }

  private func next() throws(ConfigurationError) -> Event {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else {
      throw refusal()
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

  /// What libyaml says is wrong, and what people most often did when it says so.
  private func refusal() -> ConfigurationError {
    let words = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
    let problem = words ?? "this is no valid YAML"
    var line = unsafe Int(parser.pointee.problem_mark.line) + 1
    if unsafe parser.pointee.error == YAML_READER_ERROR { line = lineOfBadByte() }
    let advice =
      switch problem {
      case "found character that cannot start any token":
        "; indent with spaces, not tabs, and put quotes around values that begin with @, ` or %"
      case "mapping values are not allowed in this context":
        "; put quotes around a value with `: ` in it, and indent all keys of a section alike"
      case "did not find expected key", "could not find expected ':'":
        "; each line is `key: value`, and all keys of a section are indented alike"
      case "found unexpected end of stream": "; a quote or bracket before is not closed"
      case _ where problem.hasSuffix("UTF-8 octet"): "; save the file as UTF-8"
      default: ""
      }
    return error(line, problem + advice)
  }

  /// Of bytes that are no text libyaml gives an offset only.
  private func lineOfBadByte() -> Int {
    let input = unsafe parser.pointee.input.string
    guard let start = unsafe input.start, let end = unsafe input.end else { return 1 }
    let count = unsafe min(Int(parser.pointee.problem_offset), end - start)
    return unsafe UnsafeBufferPointer(start: start, count: max(0, count)).count { $0 == 10 } + 1
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
