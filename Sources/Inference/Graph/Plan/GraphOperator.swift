package import Compute
package import Models

/// What one node does, made from it once: attributes are read and checked by the maker.
package protocol GraphOperator: Sendable {
  /// What can be said of the outputs before anything is computed: types, and shapes with what is
  /// fixed or named in them. May say less, or nothing, but nothing that is wrong.
  ///
  /// - Throws: what cannot be right whatever is computed.
  func infer(_ inputs: GraphFacts) throws -> [GraphFact]

  /// An answer for each output that the operator has. A row of an answer depends on no other row,
  /// unless the operator says so.
  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue]

  /// Whether it takes floats of 16 bits as they are. Those of all other operators are widened to 32
  /// bits, and the answers are rounded once.
  var takesHalf: Bool { get }

  /// Whether the answer depends on the inputs alone, so that it can be computed at load.
  var isPure: Bool { get }
}

extension GraphOperator {
  package func infer(_ inputs: GraphFacts) throws -> [GraphFact] { [] }
  package var takesHalf: Bool { false }
  package var isPure: Bool { true }
}

/// What operators compute with.
package struct GraphContext: Sendable {
  package let budget: MemoryBudget
  /// nil: all on the caller's thread.
  package let processor: Processor?
  /// What one run may take; nil for no limit.
  let timeLimit: Duration?
  /// Where windows read in images of some sizes, for one run after the other.
  let plans: PlanShelf
  let watch: RunWatch

  package init(budget: MemoryBudget, processor: Processor? = nil, timeLimit: Duration? = nil) {
    self.budget = budget
    self.processor = processor
    self.timeLimit = timeLimit
    plans = PlanShelf(budget)
    watch = RunWatch(stepLimit: budget.stepLimit)
  }

  private init(_ other: GraphContext, _ watch: RunWatch) {
    budget = other.budget
    processor = other.processor
    timeLimit = other.timeLimit
    plans = other.plans
    self.watch = watch
  }

  /// For one run, whose time begins.
  func run(for interest: (any Interest)?) -> GraphContext {
    let watch = RunWatch(stepLimit: budget.stepLimit, timeLimit: timeLimit, interest: interest)
    return GraphContext(self, watch)
  }

  func watched(by watch: RunWatch) -> GraphContext { GraphContext(self, watch) }

  /// A new tensor of zeros.
  func new<Number: GraphNumber>(_: Number.Type, _ shape: [Int]) throws -> NewTensor<Number> {
    try NewTensor<Number>(Number.type, shape, budget)
  }

  /// A new tensor of truth values, all false.
  func bools(_ shape: [Int]) throws -> NewTensor<UInt8> { try NewTensor(.bool, shape, budget) }

  func floats(_ shape: [Int], _ values: [Float]) throws -> GraphTensor {
    let new = try new(Float.self, shape)
    for (index, value) in values.enumerated() { new[index] = value }
    return new.tensor
  }

  func int64s(_ shape: [Int], _ values: [Int]) throws -> GraphTensor {
    let new = try new(Int64.self, shape)
    for (index, value) in values.enumerated() { new[index] = Int64(value) }
    return new.tensor
  }

  func texts(_ shape: [Int], _ values: [[UInt8]]) throws -> GraphTensor {
    try GraphTensor(strings: values, shape, budget)
  }
}

/// How an operator of some versions is made.
package struct OperatorEntry: Sendable {
  package typealias Maker = @Sendable (ONNXNode, GraphBuilder) throws -> any GraphOperator

  package let domain: String
  package let name: String
  package let versions: ClosedRange<Int>
  let make: Maker

  /// - Parameter versions: of the operator set.
  init(
    _ name: String, domain: String = "", versions: ClosedRange<Int> = 7...28,
    _ make: @escaping Maker
  ) {
    self.name = name
    self.domain = domain
    self.versions = versions
    self.make = make
  }

  static func ml(_ name: String, _ make: @escaping Maker) -> OperatorEntry {
    OperatorEntry(name, domain: "ai.onnx.ml", versions: 1...5, make)
  }

  static func microsoft(_ name: String, _ make: @escaping Maker) -> OperatorEntry {
    OperatorEntry(name, domain: "com.microsoft", versions: 1...1, make)
  }
}
