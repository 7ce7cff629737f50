internal import Models

/// How alike two rows are.
struct KernelFunction: Sendable {
  enum Kind: String, Sendable {
    case linear = "LINEAR"
    case poly = "POLY"
    case rbf = "RBF"
    case sigmoid = "SIGMOID"
  }
  let kind: Kind
  let gamma: Float
  let offset: Float
  let degree: Float

  init(_ node: ONNXNode) throws {
    let name = try node.text("kernel_type", default: "LINEAR")
    guard let kind = Kind(rawValue: name) else {
      throw node.problem(.malformed, "there is no kernel \(ONNXProblem.shown(name))")
    }
    self.kind = kind
    let parameters = try node.floats("kernel_params") ?? []
    gamma = parameters.first ?? 0
    offset = parameters.count > 1 ? parameters[1] : 0
    degree = parameters.count > 2 ? parameters[2] : 0
  }

  func value(_ x: FeatureRows, _ row: Int, _ vectors: [Float], _ vector: Int) -> Float {
    let columns = x.columns
    var sum: Float = 0
    for column in 0..<columns {
      let (a, b) = (x.values[row * columns + column], vectors[vector * columns + column])
      sum += kind == .rbf ? (a - b) * (a - b) : a * b
    }
    switch kind {
    case .linear: return sum
    case .poly: return .pow(gamma * sum + offset, degree)
    case .rbf: return .exp(-gamma * sum)
    case .sigmoid: return .tanh(gamma * sum + offset)
    }
  }
}

/// A number from the likeness to support vectors.
struct SVMRegressor: GraphOperator {
  let kernel: KernelFunction
  let vectors: [Float]
  let coefficients: [Float]
  let rho: Float
  let supports: Int
  let isOneClass: Bool
  let transform: PostTransform

  static let entries: [OperatorEntry] = [
    .ml("SVMRegressor") { node, _ in
      let supports = try node.int("n_supports", default: 0)
      let coefficients = try node.required("coefficients", node.floats("coefficients"))
      guard supports >= 0, supports < 1 << 31, supports == 0 || coefficients.count == supports
      else { throw node.problem(.malformed, "\(supports) support vectors") }
      return SVMRegressor(
        kernel: try KernelFunction(node), vectors: try node.floats("support_vectors") ?? [],
        coefficients: coefficients, rho: try node.floats("rho")?.first ?? 0,
        supports: Int(supports), isOneClass: try node.flag("one_class", default: false),
        transform: try PostTransform(node))
    }
  ]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try FeatureRows(inputs.tensor(0), context)
    guard supports > 0 ? x.columns * supports == vectors.count : x.columns == coefficients.count
    else { throw GraphError("\(x.columns) features do not fit the support vectors") }
    let to = try context.new(Float.self, [x.rows, 1])
    var work = context.watch.work
    for row in 0..<x.rows {
      try work.add(GraphContext.rowCost + max(1, supports) * x.columns)
      var sum = rho
      if supports == 0 {
        sum += kernel.value(x, row, coefficients, 0)
      } else {
        for vector in 0..<supports {
          sum += coefficients[vector] * kernel.value(x, row, vectors, vector)
        }
      }
      to[row] = isOneClass ? (sum > 0 ? 1 : -1) : transform.applied(to: [sum])[0]
    }
    return .tensors(to.tensor)
  }
}
