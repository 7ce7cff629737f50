package import Models

/// A graph made ready to run: operators in order, values in numbered slots, each given up after its
/// last use.
package final class GraphPlan: Sendable {
  struct Step: Sendable {
    let label: String
    let operation: any GraphOperator
    let inputs: [Int?]
    let outputs: [Int?]
    /// Slots that nobody reads any more.
    let frees: [Int]
  }

  package struct Input: Sendable {
    package let name: String
    package let type: ONNXValueType?
    let slot: Int
  }

  let slotCount: Int
  package let inputs: [Input]
  /// What graphs around it give, in the order of the graph's `outerNames`.
  let outerSlots: [Int]
  let constants: [(slot: Int, value: GraphValue)]
  let steps: [Step]
  let outputSlots: [Int]
  package let outputNames: [String]
  /// What is known of the outputs beforehand.
  package let outputFacts: [GraphFact]

  init(
    slotCount: Int, inputs: [Input], outerSlots: [Int],
    constants: [(slot: Int, value: GraphValue)], steps: [Step], outputSlots: [Int],
    outputNames: [String], outputFacts: [GraphFact]
  ) {
    self.slotCount = slotCount
    self.inputs = inputs
    self.outerSlots = outerSlots
    self.constants = constants
    self.steps = steps
    self.outputSlots = outputSlots
    self.outputNames = outputNames
    self.outputFacts = outputFacts
  }

  /// Nodes that are computed on each run: the others were computed at load.
  package var stepCount: Int { steps.count }

  /// Bytes of the constants that runs read, in memory or in the mapped file.
  var constantBytes: Int {
    constants.reduce(0) { sum, constant in
      guard case .tensor(let tensor) = constant.value else { return sum }
      return sum + tensor.bytes.byteCount
    }
  }
}
