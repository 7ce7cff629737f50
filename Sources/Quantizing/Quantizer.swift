package import Inference
package import Models

/// Makes of a model in floats one that computes with integers of 8 bits, as static QDQ.
///
///     norms folded → values and weights chosen → samples computed → ranges → graph written anew
package struct Quantizer {
  private let model: ONNXModel
  private let plan: QuantizationPlan
  private let origins: [String]
  private let context: GraphContext
  private var calibration: Calibration

  /// Samples so far.
  package private(set) var sampleCount = 0

  /// - Throws: where there is nothing to quantize, or no way to do so.
  package init(_ source: ONNXModel, _ context: GraphContext) throws {
    try Self.check(source)
    model = source.with(BatchNormFolding.folded(source.graph))
    plan = QuantizationPlan(model.graph)
    guard !plan.layers.isEmpty else {
      throw QuantizationError(
        "there is no Conv, Gemm or MatMul with constant weights of 32-bit floats: nothing to "
          + "quantize")
    }
    self.context = context
    origins = plan.values.filter { [plan] in plan.origins[$0] == nil }
    calibration = try Calibration(model, names: origins, context)
  }

  private static func check(_ model: ONNXModel) throws(QuantizationError) {
    if let node = model.graph.nodes.first(where: {
      $0.operation.contains("Quantize") || $0.operation.contains("QLinear")
        || $0.operation.contains("Integer")
    }) {
      throw QuantizationError(
        "it is quantized already (node \(ONNXProblem.shown(node.label)) is a \(node.operation)); "
          + "give the model in floats")
    }
    let version = model.opsets[""] ?? 0
    guard version >= 13 else {
      throw QuantizationError(
        "it is of version \(version) of the operators; a scale for each output of a layer needs "
          + "13: export it anew with a later one, such as 17")
    }
  }

  /// How many layers get weights of integers, and how many values become integers.
  package var layerCount: Int { plan.layers.count }
  package var valueCount: Int { plan.values.count }

  /// Computes one sample; its ranges add to those of the others.
  package mutating func add(_ inputs: [GraphValue]) throws {
    try calibration.add(inputs)
    sampleCount += 1
  }

  /// The model in integers, by the samples so far.
  ///
  /// - Parameter isSigned: whether values are signed integers, too; weights always are.
  package func quantized(isSigned: Bool = false) throws -> ONNXModel {
    guard sampleCount > 0 else { throw QuantizationError("there is no sample to calibrate with") }
    var grids: [String: IntegerGrid] = [:]
    for (name, histogram) in zip(origins, calibration.histograms) {
      let range = histogram.range()
      grids[name] = IntegerGrid(low: range.low, high: range.high, isSigned: isSigned)
    }
    for name in plan.values { grids[name] = grids[plan.origin(of: name)] }
    let graph = try QuantizedGraph.make(
      model.graph, version: model.opsets[""] ?? 13, plan, grids)
    return model.with(graph, producer: "apus")
  }
}
