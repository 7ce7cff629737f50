package import Models

/// A graph between reading and planning: what is left to compute once constants are folded, which
/// fusions look through for nodes that are better computed as one.
package struct GraphSketch {
  /// One node, or several as one.
  package struct Step {
    /// The node, or the last of those that the step is for: for messages and to be matched.
    package var node: ONNXNode
    package var operation: any GraphOperator
    /// Empty where an optional input is left out.
    package var reads: ValueNames
    /// Empty where nobody wants an output.
    package var writes: ValueNames
    /// The operator that the file names there; nil: the node's.
    let origin: String?

    init(
      node: ONNXNode, operation: any GraphOperator, reads: some Sequence<String>,
      writes: some Sequence<String>, origin: String? = nil
    ) {
      self.node = node
      self.operation = operation
      self.reads = ValueNames(reads)
      self.writes = ValueNames(writes)
      self.origin = origin
    }
  }

  /// In an order in which they can be computed; nil where a step has become part of another.
  package private(set) var steps: [Step?]
  /// By name of value.
  package var facts: [String: GraphFact]
  package let outputs: Set<String>
  /// Computes constants.
  let folding: ConstantFolding
  private var producers: [String: Int] = [:]
  private var readers: [String: Set<Int>] = [:]

  init(
    steps: [Step], facts: [String: GraphFact], outputs: [String], _ folding: ConstantFolding
  ) {
    self.steps = steps
    self.facts = facts
    self.outputs = Set(outputs)
    self.folding = folding
    for (index, step) in steps.enumerated() { link(index, step) }
  }

  private mutating func link(_ index: Int, _ step: Step) {
    for name in step.writes where !name.isEmpty { producers[name] = index }
    for name in Set(step.reads) where !name.isEmpty { readers[name, default: []].insert(index) }
  }

  private mutating func unlink(_ index: Int) {
    guard let step = steps[index] else { return }
    for name in step.writes where producers[name] == index { producers[name] = nil }
    for name in Set(step.reads) { readers[name]?.remove(index) }
    steps[index] = nil
  }

  /// What constants are made with.
  var context: GraphContext { folding.context }

  /// The step that computes a value; nil for inputs and constants.
  package func producer(of name: String) -> Int? { producers[name] }

  /// The steps that read a value, in order.
  package func readers(of name: String) -> [Int] { readers[name]?.sorted() ?? [] }

  func isRead(_ name: String) -> Bool { !(readers[name]?.isEmpty ?? true) }

  package func isOutput(_ name: String) -> Bool { outputs.contains(name) }

  /// The one step that reads a value that is no output of the graph.
  package func onlyReader(of name: String) -> Int? {
    guard !isOutput(name), let all = readers[name], all.count == 1 else { return nil }
    return all.first
  }

  /// The step that computes a value, where it is one of these operators of ai.onnx.
  package func producer(of name: String, _ operations: String...) -> Step? {
    guard let index = producers[name], let step = steps[index], step.node.domain.isEmpty,
      operations.contains(step.node.operation)
    else { return nil }
    return step
  }

  package func constant(_ name: String) -> GraphTensor? {
    guard case .tensor(let tensor)? = facts[name]?.constant else { return nil }
    return tensor
  }

  /// Puts a step in the place of some, where the last of them stands. What somebody else still
  /// reads of theirs it must write.
  package mutating func replace(_ indices: [Int], by step: Step) {
    guard let place = indices.max() else { return }
    for index in indices { unlink(index) }
    steps[place] = step
    link(place, step)
  }

  /// Takes out steps that compute what nobody reads, or what is known to be constant.
  package mutating func removeUnread() {
    for index in steps.indices.reversed() {
      guard let step = steps[index] else { continue }
      let isRead = step.writes.contains { name in
        !name.isEmpty && facts[name]?.constant == nil
          && (isOutput(name) || self.isRead(name))
      }
      if !isRead && step.operation.isPure { unlink(index) }
    }
  }
}
