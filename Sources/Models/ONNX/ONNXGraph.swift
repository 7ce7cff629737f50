/// A graph, whole or within a node (the branches of an If, the body of a Loop).
///
/// Checked: each value has one origin, every input of a node has one, and a node comes after those
/// whose outputs it takes.
package struct ONNXGraph: Sendable {
  package let name: String
  /// In an order in which they can be computed.
  package let nodes: [ONNXNode]
  package let initializers: [ONNXTensor]
  /// Those that callers give: without the ones that an initializer fills.
  package let inputs: [ONNXValueInfo]
  package let outputs: [ONNXValueInfo]
  /// What the file declares of values in between; hints, and nothing checks them.
  package let valueInfos: [ONNXValueInfo]
  /// Values that this graph, or one within it, takes from the graphs around it, in the order of
  /// first use. Empty for a model's own graph.
  package let outerNames: [String]

  package init(
    name: String, nodes: [ONNXNode], initializers: [ONNXTensor], inputs: [ONNXValueInfo],
    outputs: [ONNXValueInfo], valueInfos: [ONNXValueInfo] = [], outerNames: [String] = []
  ) {
    self.name = name
    self.nodes = nodes
    self.initializers = initializers
    self.inputs = inputs
    self.outputs = outputs
    self.valueInfos = valueInfos
    self.outerNames = outerNames
  }
}
