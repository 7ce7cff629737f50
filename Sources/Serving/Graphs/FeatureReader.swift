internal import Inference
internal import Messages
internal import Models

/// Rows of features for a graph that takes them: one tensor [N, F], or a column [N, 1] for each.
struct FeatureReader: Sendable {
  private enum Layout: Sendable {
    /// - Parameter width: nil where the graph takes any.
    case row(GraphSignature.Port, width: Int?)
    case columns(FeatureColumns)
  }

  private let layout: Layout
  /// Whether what is missing may be left as NaN.
  private let takesMissing: Bool

  /// - Returns: nil for a graph that takes no rows.
  init?(_ signature: GraphSignature, takesMissing: Bool) {
    guard signature.hasRows else { return nil }
    self.takesMissing = takesMissing
    let inputs = signature.inputs
    guard inputs.allSatisfy({ $0.shape?.count == 2 && $0.type?.isFeature == true }) else {
      return nil
    }
    if inputs.count == 1, inputs[0].type != .string {
      layout = .row(inputs[0], width: inputs[0].width)
    } else if inputs.allSatisfy({ $0.width == 1 }) {
      layout = .columns(FeatureColumns(inputs))
    } else {
      return nil
    }
  }

  /// Values of a row; 0 where that is open.
  var width: Int {
    switch layout {
    case .row(_, let width): width ?? 0
    case .columns(let columns): columns.ports.count
    }
  }

  /// Whether each value is a tensor of its own.
  var hasColumns: Bool { if case .columns = layout { true } else { false } }

  /// - Parameter field: what errors call the instance: `instances[0].features`.
  func inputs(
    _ row: ApusV1.FeatureRow, _ field: String, _ budget: MemoryBudget
  ) throws(Status) -> GraphBackend.Input {
    switch layout {
    case .row(let port, let width):
      guard row.names.isEmpty, row.texts.isEmpty else {
        throw Validation.invalid("\(field).names", "this model's features have no names")
      }
      guard row.values.count == width ?? max(1, row.values.count) else {
        throw Validation.invalid(
          field, "expected \(width ?? 1) values, got \(row.values.count)")
      }
      for (index, value) in row.values.enumerated() {
        try check(value, port.type, "\(field).values[\(index)]")
      }
      return GraphBackend.Input([
        try tensor(row.values, port.type, [1, row.values.count], field, budget)
      ])
    case .columns(let columns):
      var tensors: [GraphTensor] = []
      tensors.reserveCapacity(columns.ports.count)
      for (port, value) in zip(columns.ports, try columns.values(of: row, field)) {
        let place = "\(field).\(Validation.shown(port.name))"
        switch value {
        case .number(let number):
          try check(number, port.type, place)
          tensors.append(try tensor([number], port.type, [1, 1], place, budget))
        case .text(let text): tensors.append(try tensor(text, place, budget))
        }
      }
      return GraphBackend.Input(tensors)
    }
  }

  private func check(
    _ value: Float, _ type: ONNXElementType?, _ field: @autoclosure () -> String
  ) throws(Status) {
    if value.isNaN, takesMissing, type?.isFloat == true { return }
    guard value.isFinite else {
      throw Validation.invalid(
        field(),
        value.isNaN
          ? "the value is missing (NaN), and this model fills in none"
          : "expected a finite number, got \(value)")
    }
    guard let range = type?.featureRange, !range.contains(value) || value != value.rounded() else {
      return
    }
    throw Validation.invalid(
      field(),
      "expected a whole number from \(Int(range.lowerBound)) to \(Int(range.upperBound)), got "
        + "\(value)")
  }

  private func tensor(
    _ values: [Float], _ type: ONNXElementType?, _ shape: [Int], _ field: String,
    _ budget: MemoryBudget
  ) throws(Status) -> GraphTensor {
    do {
      let floats = try GraphTensor.filled(.float, shape, of: Float.self, budget) { span in
        for index in span.indices { span[index] = values[index] }
      }
      return try floats.converted(to: type ?? .float, budget)
    } catch {
      throw Status(ofInput: error, field)
    }
  }
}

extension FeatureReader {
  private func tensor(
    _ text: String, _ field: String, _ budget: MemoryBudget
  ) throws(Status) -> GraphTensor {
    do {
      return try GraphTensor(strings: [Array(text.utf8)], [1, 1], budget)
    } catch {
      throw Status(ofInput: error, field)
    }
  }
}

extension ONNXElementType {
  fileprivate var isFeature: Bool { isFloat || self == .string || featureRange != nil }

  /// What whole numbers of the type may be, as far as a float holds each of them; nil for others.
  fileprivate var featureRange: ClosedRange<Float>? {
    let exact: Float = 16_777_216
    return switch self {
    case .int64, .int32: -exact...exact
    case .uint64, .uint32: 0...exact
    case .int16: -32_768...32_767
    case .uint16: 0...65_535
    case .int8: -128...127
    case .uint8: 0...255
    case .bool: 0...1
    default: nil
    }
  }
}
