/// What a value is declared to be.
package indirect enum ONNXValueType: Sendable, Equatable {
  /// The shape is nil where even the rank is left open.
  case tensor(ONNXElementType, shape: [ONNXDimension]?)
  case sparseTensor(ONNXElementType, shape: [ONNXDimension]?)
  case sequence(ONNXValueType)
  case optional(ONNXValueType)
  case map(key: ONNXElementType, value: ONNXValueType)
}

/// How long a tensor is in one direction.
package enum ONNXDimension: Sendable, Equatable {
  case fixed(Int)
  /// The same number wherever the same name stands: `batch_size`.
  case symbolic(String)
  case unknown
}

/// A named value with its type; nil where the file leaves it open.
package struct ONNXValueInfo: Sendable, Equatable {
  package let name: String
  package let type: ONNXValueType?

  package init(name: String, type: ONNXValueType?) {
    self.name = name
    self.type = type
  }
}
