internal import Models

/// Products and convolutions of quantized tensors: exact in 32 bits, then scaled.
enum IntegerProducts {
  static let entries: [OperatorEntry] = [
    OperatorEntry("MatMulInteger", versions: 10...28) { _, _ in MatMulInteger() },
    OperatorEntry("ConvInteger", versions: 10...28) { node, _ in
      ConvInteger(rule: try WindowRule(node), groups: try Conv.groups(node))
    },
    OperatorEntry("QLinearMatMul", versions: 10...28) { _, _ in QLinearMatMul() },
    OperatorEntry("QLinearConv", versions: 10...28) { node, _ in
      QLinearConv(rule: try WindowRule(node), groups: try Conv.groups(node))
    },
    .microsoft("MatMulIntegerToFloat") { _, _ in MatMulIntegerToFloat(isDynamic: false) },
    .microsoft("DynamicQuantizeMatMul") { _, _ in MatMulIntegerToFloat(isDynamic: true) },
  ]

  /// As 32-bit integers without their zero point, which is one number or one for each slice of an
  /// axis.
  static func centred(
    _ x: GraphTensor, _ zero: GraphTensor?, axis: Int, _ context: GraphContext
  ) throws -> GraphTensor {
    let wide = try x.converted(to: .int32, context)
    guard let zero = try zero?.converted(to: .int32, context) else { return wide }
    let grid = try QuantizationGrid(x, zero, axis: zero.rank > 1 ? 0 : axis, block: 0)
    let (from, shifts) = (wide.values(Int32.self), zero.values(Int32.self))
    return try context.tensor(.int32, x.shape) { from[$0] &- shifts[grid.place($0)] }
  }

  /// Exact sums to the answer's scale: each times a · b / y of its slice.
  static func requantized(
    _ sums: GraphTensor, _ a: GraphTensor, _ b: GraphTensor, _ y: GraphTensor,
    _ zero: GraphTensor, axis: Int, _ context: GraphContext
  ) throws -> GraphTensor {
    guard y.count == 1, zero.count == 1 else {
      throw GraphError.unsupported("scales for each row are not supported")
    }
    let floats = try scaled(sums, a, b, axis: axis, context)
    return try QuantizeLinear.quantized(floats, y, zero, zero.elementType, context)
  }

  /// Exact sums as floats: each times a · b of its slice.
  static func scaled(
    _ sums: GraphTensor, _ a: GraphTensor, _ b: GraphTensor, axis: Int, _ context: GraphContext
  ) throws -> GraphTensor {
    guard a.count == 1 else {
      throw GraphError.unsupported("scales for each row are not supported")
    }
    let grid = try QuantizationGrid(sums, b, axis: axis, block: 0)
    let (from, left, right) = (
      sums.values(Int32.self), a.values(Float.self)[0], b.values(Float.self)
    )
    return try context.tensor(.float, sums.shape) {
      Float(from[$0]) * (left * right[grid.place($0)])
    }
  }
}

struct MatMulInteger: GraphOperator {
  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(.int32, try MatrixPairs.inferred(inputs[0].shape, inputs[1].shape))]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    .tensors(try Self.product(inputs, 0, 1, 2, 3, context))
  }

  /// Of the inputs with these numbers.
  static func product(
    _ inputs: GraphInputs, _ a: Int, _ b: Int, _ aZero: Int, _ bZero: Int,
    _ context: GraphContext
  ) throws -> GraphTensor {
    let (left, right) = (try inputs.tensor(a), try inputs.tensor(b))
    return try MatMul.product(
      IntegerProducts.centred(left, inputs.optional(aZero), axis: left.rank - 2, context),
      IntegerProducts.centred(right, inputs.optional(bZero), axis: right.rank - 1, context),
      context)
  }
}

struct ConvInteger: GraphOperator {
  let rule: WindowRule
  let groups: Int

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try IntegerProducts.centred(inputs.tensor(0), inputs.optional(2), axis: 1, context)
    let w = try IntegerProducts.centred(inputs.tensor(1), inputs.optional(3), axis: 0, context)
    return .tensors(
      try Convolution(x: x, w: w, bias: nil, rule: rule, groups: groups, context: context)
        .visit(Int32.self))
  }
}

struct QLinearMatMul: GraphOperator {
  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[7].type, try MatrixPairs.inferred(inputs[0].shape, inputs[3].shape))]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let sums = try MatMulInteger.product(inputs, 0, 3, 2, 5, context)
    func scale(_ index: Int) throws -> GraphTensor {
      try inputs.tensor(index).converted(to: .float, context)
    }
    return .tensors(
      try IntegerProducts.requantized(
        sums, scale(1), scale(4), scale(6), inputs.tensor(7), axis: sums.rank - 1, context))
  }
}

struct QLinearConv: GraphOperator {
  let rule: WindowRule
  let groups: Int

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let weights = inputs[3].shape
    let kernel = weights.flatMap { Array($0.dropFirst(2)).fixed }
    return [
      GraphFact(
        inputs[7].type,
        try rule.inferred(inputs[0].shape, kernel: kernel, channels: weights?.first ?? .unknown))
    ]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try IntegerProducts.centred(inputs.tensor(0), inputs.tensor(2), axis: 1, context)
    let w = try IntegerProducts.centred(inputs.tensor(3), inputs.tensor(5), axis: 0, context)
    let bias = try inputs.optional(8)?.checked(.int32, "the bias")
    let sums = try Convolution(
      x: x, w: w, bias: bias, rule: rule, groups: groups, context: context
    ).visit(Int32.self)
    return .tensors(
      try IntegerProducts.requantized(
        sums, inputs.tensor(1, .float), inputs.tensor(4, .float), inputs.tensor(6, .float),
        inputs.tensor(7), axis: 1, context))
  }
}

/// A product of integers as floats, with a bias; the left side may be quantized on the way.
struct MatMulIntegerToFloat: GraphOperator {
  let isDynamic: Bool

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(.float, try MatrixPairs.inferred(inputs[0].shape, inputs[1].shape))]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    var all = inputs.values
    if isDynamic {
      // a, b, b_scale, b_zero, bias: without the scale and zero point of a.
      all += Array(repeating: nil, count: max(0, 5 - all.count))
      let (y, scale, zero) = try DynamicQuantizeLinear.quantized(inputs.tensor(0, .float), context)
      all = [.tensor(y), all[1], .tensor(scale), all[2], .tensor(zero), all[3], all[4]]
    }
    let inputs = GraphInputs(all)
    let sums = try MatMulInteger.product(inputs, 0, 1, 4, 5, context)
    let scales = try Arithmetic(kind: .mul).compute(
      GraphInputs([inputs.value(2), inputs.value(3)]), context)
    let floats = try sums.converted(to: .float, context)
    let product = try Arithmetic(kind: .mul).compute(
      GraphInputs([.tensor(floats), scales[0]]), context)
    guard let bias = try inputs.optional(6) else { return product }
    return try Arithmetic(kind: .add).compute(GraphInputs([product[0], .tensor(bias)]), context)
  }
}
