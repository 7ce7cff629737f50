internal import Bytes
internal import Messages

/// Reads a file's graphs as they stand there, functions set in where they are called; names and
/// order are left to `GraphResolver`.
///
/// What breaks one part is noted in `error`, and reading goes on with the next.
struct ONNXParser {
  let file: MappedFile
  var error: ONNXError
  var externalData: ExternalData
  var functions: [FunctionName: ONNXFunction] = [:]
  /// Functions that are noted as broken; their calls need no note of their own.
  var brokenFunctions: Set<FunctionName> = []
  /// Nodes so far, and functions set in, which tell the names within apart.
  var nodeCount = 0
  var callCount = 0
  /// Bytes that may still be decoded and fields walked over. Those of a function are for each call.
  private var budget: Int
  /// Whether a bound of the whole file is reached, so that there is no point in going on.
  private(set) var isExhausted = false

  init(_ file: MappedFile) {
    self.file = file
    error = ONNXError(path: file.path)
    externalData = ExternalData(of: file.path)
    budget = 4 * file.count + 64 << 20
  }

  mutating func model() throws(ONNXProblem) -> ONNXModel {
    let pieces = try split(0..<file.count, .model)
    let header: Onnx.ModelProto = try decode(pieces)
    guard let ir = header.irVersion else {
      throw ONNXProblem(.malformed, "there is no IR version; is this an ONNX model?")
    }
    let allowed = ONNXModel.irVersions
    guard let irVersion = Int(exactly: ir), allowed ~= irVersion else {
      throw ONNXProblem(
        .unsupported,
        "IR version \(ir); \(allowed.lowerBound) to \(allowed.upperBound) are supported")
    }
    let opsets = try Self.opsets(header.opsetImport)
    for field in pieces.fields(25) {
      do throws(ONNXProblem) { try declare(field) } catch { self.error.add(error) }
    }
    guard let field = try pieces.field(7) else {
      throw ONNXProblem(.malformed, "there is no graph")
    }
    let graph = try graph(field, ONNXContext(opsets: opsets))
    return ONNXModel(
      path: file.path, irVersion: irVersion, opsets: opsets, producer: header.producerName ?? "",
      producerVersion: header.producerVersion ?? "",
      metadata: Dictionary(
        header.metadataProps.map { ($0.key ?? "", $0.value ?? "") }, uniquingKeysWith: { $1 }),
      graph: graph)
  }

  static func opsets(_ imports: [Onnx.OperatorSetIdProto]) throws(ONNXProblem) -> [String: Int] {
    var opsets: [String: Int] = [:]
    for entry in imports {
      let domain = domain(entry.domain)
      let version = entry.version.flatMap { Int(exactly: $0) } ?? 0
      guard opsets.updateValue(version, forKey: domain) ?? version == version else {
        throw ONNXProblem(
          .malformed, "the operator set \(ONNXProblem.shown(domain)) is imported in two versions")
      }
    }
    return opsets
  }

  static func domain(_ written: String?) -> String {
    written == "ai.onnx" ? "" : written ?? ""
  }

  /// Takes the message in a range of the file to pieces.
  mutating func split(
    _ range: Range<Int>, _ schema: WireSchema
  ) throws(ONNXProblem) -> WirePieces {
    let pieces = try WirePieces(file.bytes, range, schema)
    try charge(pieces.count)
    return pieces
  }

  /// Takes the message that a field holds to pieces.
  mutating func split(
    _ field: WireField, _ schema: WireSchema
  ) throws(ONNXProblem) -> WirePieces {
    guard field.isLengthDelimited else {
      throw ONNXProblem(
        .malformed,
        "at byte \(field.whole.lowerBound): expected a \(schema.name), found a number")
    }
    return try split(field.value, schema)
  }

  mutating func decode<Message: BridgedMessage>(
    _ pieces: WirePieces
  ) throws(ONNXProblem) -> Message {
    try charge(pieces.decodedCount)
    return try pieces.decode(of: file)
  }

  /// Takes from the budget.
  mutating func charge(_ amount: Int) throws(ONNXProblem) {
    budget -= amount
    if budget < 0 {
      throw exhausted("functions are called so often that they take too much memory")
    }
  }

  /// Counts a node.
  mutating func charge() throws(ONNXProblem) {
    nodeCount += 1
    if nodeCount > ONNXModel.Limit.nodes {
      throw exhausted("there are more than \(ONNXModel.Limit.nodes) nodes")
    }
  }

  private mutating func exhausted(_ reason: String) -> ONNXProblem {
    isExhausted = true
    return ONNXProblem(.unsupported, reason)
  }
}

/// Where nodes are read: in the model's graph, or in a function's body for one call of it.
struct ONNXContext {
  /// Versions of the operator sets that operators are taken from.
  let opsets: [String: Int]
  /// nil outside of functions.
  var call: ONNXCall?
  /// Graphs around this one.
  var depth = 0

  init(opsets: [String: Int], call: ONNXCall? = nil, depth: Int = 0) {
    self.opsets = opsets
    self.call = call
    self.depth = depth
  }

  /// What a value is called outside.
  func name(_ written: String?) -> String {
    guard let written, !written.isEmpty else { return "" }
    guard let call else { return written }
    return call.names[written] ?? written + call.suffix
  }
}
