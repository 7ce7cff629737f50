/// A constant setting of a node.
package enum ONNXAttribute: Sendable {
  case float(Float)
  case int(Int64)
  /// Mostly UTF-8, but nothing says so.
  case string([UInt8])
  case tensor(ONNXTensor)
  case graph(ONNXGraph)
  case type(ONNXValueType)
  case floats([Float])
  case ints([Int64])
  case strings([[UInt8]])
  case tensors([ONNXTensor])
  case graphs([ONNXGraph])
  case types([ONNXValueType])

  /// For messages.
  package var kind: String {
    switch self {
    case .float: "a float"
    case .int: "an integer"
    case .string: "a text"
    case .tensor: "a tensor"
    case .graph: "a graph"
    case .type: "a type"
    case .floats: "floats"
    case .ints: "integers"
    case .strings: "texts"
    case .tensors: "tensors"
    case .graphs: "graphs"
    case .types: "types"
    }
  }
}
