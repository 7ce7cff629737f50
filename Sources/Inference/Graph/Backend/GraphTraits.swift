package import Models

/// What a model's nodes tell of its answers, beyond names and types.
package struct GraphTraits: Sendable, Equatable {
  /// Whether an output holds probabilities, by the output's name: it comes from a Softmax or from a
  /// classifier, and not from a layer whose sums need one.
  package private(set) var probabilities: Set<String> = []
  /// The classes that a classifier of ai.onnx.ml names; empty where there is none.
  package private(set) var classes: [String] = []
  /// Whether something in it makes a value of one that is missing (not a number).
  package private(set) var takesMissing = false
  /// How most of the weights are held: `f32`, `int8`.
  package private(set) var weightType = "f32"
  /// Number of its weights.
  package private(set) var parameters = 0
  /// Bytes of constants in the file.
  package private(set) var constantBytes = 0

  package init(_ graph: ONNXGraph) {
    var producers: [String: ONNXNode] = [:]
    for node in graph.nodes {
      for output in node.outputs where !output.isEmpty { producers[output] = node }
    }
    for output in graph.outputs where Self.givesProbabilities(output.name, producers) {
      probabilities.insert(output.name)
    }
    classes = Self.classes(of: graph)
    takesMissing = graph.nodes.contains(where: Self.takesMissing)
    weigh(graph)
  }

  private static let shares: Set<String> = [
    "Softmax", "Sigmoid", "HardSigmoid", "QLinearSigmoid", "QLinearSoftmax", "Hardmax", "ZipMap",
    "LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier", "Normalizer",
  ]
  /// What changes no number, or only how it is held.
  private static let carriers: Set<String> = [
    "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Cast", "Dropout",
    "QuantizeLinear", "DequantizeLinear",
  ]

  private static func givesProbabilities(
    _ output: String, _ producers: [String: ONNXNode]
  ) -> Bool {
    var name = output
    for _ in 0..<32 {
      guard let node = producers[name] else { return false }
      if shares.contains(node.operation) { return true }
      guard carriers.contains(node.operation), let input = node.input(0) else { return false }
      name = input
    }
    return false
  }

  /// skl2onnx names classes in the classifier's attributes, or picks them out of a constant.
  private static func classes(of graph: ONNXGraph) -> [String] {
    for node in graph.nodes.reversed() {
      for key in node.attributes.keys.sorted() where key.hasPrefix("classlabels_") {
        switch node.attributes[key] {
        case .strings(let texts)? where !texts.isEmpty:
          return texts.map { String(decoding: $0, as: UTF8.self) }
        case .ints(let numbers)? where !numbers.isEmpty: return numbers.map(String.init)
        default: continue
        }
      }
    }
    let constants = Dictionary(
      graph.initializers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let count = graph.outputs.dropFirst().first.flatMap { lastSize($0.type) }
    for node in graph.nodes.reversed() where node.operation == "ArrayFeatureExtractor" {
      guard let tensor = node.input(0).flatMap({ constants[$0] }),
        count == nil || tensor.elementCount == count
      else { continue }
      if tensor.elementType == .string {
        return tensor.strings.map { String(decoding: $0, as: UTF8.self) }
      }
      if let numbers = tensor.int64s() { return numbers.map(String.init) }
    }
    return []
  }

  private static func lastSize(_ type: ONNXValueType?) -> Int? {
    guard case .tensor(_, let shape)? = type, case .fixed(let size)? = shape?.last else {
      return nil
    }
    return size
  }

  private static func takesMissing(_ node: ONNXNode) -> Bool {
    if ["Imputer", "IsNaN"].contains(node.operation) { return true }
    guard case .ints(let tracks)? = node.attributes["nodes_missing_value_tracks_true"] else {
      return false
    }
    return tracks.contains(1)
  }

  private mutating func weigh(_ graph: ONNXGraph) {
    var bytes: [ONNXElementType: Int] = [:]
    for tensor in graph.initializers {
      constantBytes += tensor.bytes.byteCount
      // Shapes and axes are no weights.
      guard ![.int64, .string, .bool].contains(tensor.elementType) else { continue }
      parameters += tensor.elementCount
      bytes[tensor.elementType, default: 0] += tensor.elementCount
    }
    // Trees and linear models of ai.onnx.ml have theirs in attributes.
    for case .floats(let numbers) in graph.nodes.flatMap(\.attributes.values) {
      parameters += numbers.count
    }
    let most = bytes.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key
    weightType =
      switch most {
      case nil, .float?: "f32"
      case .double?: "f64"
      case .float16?: "f16"
      case .bfloat16?: "bf16"
      case .int8?, .uint8?: "int8"
      case .int4?, .uint4?: "int4"
      case let other?: other.name
      }
  }
}
