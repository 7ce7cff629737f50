internal import Models

/// Decision trees: each row falls through every tree, and the weights of the leaves are gathered.
struct TreeEnsemble: Sendable {
  enum Mode: String, Sendable {
    case leq = "BRANCH_LEQ"
    case lt = "BRANCH_LT"
    case gte = "BRANCH_GTE"
    case gt = "BRANCH_GT"
    case eq = "BRANCH_EQ"
    case neq = "BRANCH_NEQ"
    case leaf = "LEAF"
  }
  struct Node: Sendable {
    var mode: Mode
    var feature: Int
    var value: Double
    var yes: Int
    var no: Int
    var takesMissing: Bool
    var weights: [(output: Int, weight: Double)] = []
  }

  private(set) var nodes: [Node] = []
  private(set) var roots: [Int] = []
  let features: Int

  /// - Parameter prefix: `class` or `target`.
  init(_ node: ONNXNode, prefix: String, outputs: Int) throws {
    func ints(_ name: String) throws -> [Int] {
      try node.required(name, node.ints(name)).map { Int(clamping: $0) }
    }
    let (trees, ids) = (try ints("nodes_treeids"), try ints("nodes_nodeids"))
    let (trues, falses) = (try ints("nodes_truenodeids"), try ints("nodes_falsenodeids"))
    let (places, modes) = (
      try ints("nodes_featureids"), try node.required("nodes_modes", node.strings("nodes_modes"))
    )
    let values = try Self.numbers(node, "nodes_values")
    let missing = try node.ints("nodes_missing_value_tracks_true") ?? []
    let count = ids.count
    guard
      [trees.count, trues.count, falses.count, places.count, modes.count, values.count]
        .allSatisfy({ $0 == count }), missing.isEmpty || missing.count == count
    else { throw node.problem(.malformed, "its lists of nodes differ in length") }
    var numbers: [Key: Int] = [:]
    for index in 0..<count {
      guard numbers.updateValue(index, forKey: Key(tree: trees[index], id: ids[index])) == nil
      else { throw node.problem(.malformed, "node \(ids[index]) stands there twice") }
    }
    var all: [Node] = []
    var hasParent = [Bool](repeating: false, count: count)
    for index in 0..<count {
      let name = String(decoding: modes[index], as: UTF8.self)
      guard let mode = Mode(rawValue: name), 0..<1 << 31 ~= places[index] else {
        throw node.problem(.malformed, "a node of the mode \(ONNXProblem.shown(name))")
      }
      var made = Node(
        mode: mode, feature: places[index], value: values[index], yes: 0, no: 0,
        takesMissing: missing.isEmpty ? false : missing[index] != 0)
      if mode != .leaf {
        guard let yes = numbers[Key(tree: trees[index], id: trues[index])],
          let no = numbers[Key(tree: trees[index], id: falses[index])], yes != no,
          !hasParent[yes], !hasParent[no]
        else { throw node.problem(.malformed, "node \(ids[index]) has no two branches") }
        (made.yes, made.no) = (yes, no)
        hasParent[yes] = true
        hasParent[no] = true
      }
      all.append(made)
    }
    try Self.weigh(&all, node, prefix, numbers, outputs)
    features = (places.max() ?? -1) + 1
    roots = all.indices.filter { !hasParent[$0] }
    nodes = all
    try checkFalls(node)
  }

  private struct Key: Hashable {
    let tree: Int
    let id: Int
  }

  static func numbers(_ node: ONNXNode, _ name: String) throws -> [Double] {
    if let tensor = try node.tensor(name + "_as_tensor") {
      let budget = MemoryBudget(limit: 2 * (8 * tensor.elementCount + GraphTensor.overhead))
      return try GraphTensor.make(tensor, budget).doubles(GraphContext(budget: budget))
    }
    return try node.required(name, node.floats(name)).map { Double($0) }
  }

  private static func weigh(
    _ nodes: inout [Node], _ node: ONNXNode, _ prefix: String, _ numbers: [Key: Int],
    _ outputs: Int
  ) throws {
    func ints(_ name: String) throws -> [Int] {
      try node.required(name, node.ints(name)).map { Int(clamping: $0) }
    }
    let (trees, ids, places) = (
      try ints(prefix + "_treeids"), try ints(prefix + "_nodeids"), try ints(prefix + "_ids")
    )
    let weights = try self.numbers(node, prefix + "_weights")
    guard trees.count == ids.count, places.count == ids.count, weights.count == ids.count else {
      throw node.problem(.malformed, "its lists of weights differ in length")
    }
    for index in ids.indices {
      guard let at = numbers[Key(tree: trees[index], id: ids[index])],
        0..<outputs ~= places[index]
      else { throw node.problem(.malformed, "a weight of no node, or of no output") }
      nodes[at].weights.append((places[index], weights[index]))
    }
  }

  /// Every node has one parent at most; a circle would have no root, so all must be reached.
  private func checkFalls(_ node: ONNXNode) throws {
    var (open, reached) = (roots, 0)
    while let next = open.popLast() {
      reached += 1
      if nodes[next].mode != .leaf { open += [nodes[next].yes, nodes[next].no] }
    }
    guard reached == nodes.count else { throw node.problem(.malformed, "its nodes form a circle") }
  }

  /// The leaf of each tree, for a row.
  func leaves(_ row: (Int) -> Double, _ body: (Node) -> Void) {
    for root in roots {
      var at = root
      while nodes[at].mode != .leaf {
        let node = nodes[at]
        let value = row(node.feature)
        let isYes =
          switch node.mode {
          case .leq: value <= node.value
          case .lt: value < node.value
          case .gte: value >= node.value
          case .gt: value > node.value
          case .eq: value == node.value
          case .neq: value != node.value
          case .leaf: false
          }
        at = isYes || node.takesMissing && value.isNaN ? node.yes : node.no
      }
      body(nodes[at])
    }
  }
}
