internal import Compute
internal import Models

/// A product with constant weights and what follows it: bias, another tensor that is added, an
/// activation. Reads the rows, then what is added, if anything.
///
/// With int8 weights every row is quantized by its own range as it comes: finer than one range for
/// a whole tensor, and a row's answer depends on no other row.
struct Linear: GraphOperator {
  enum Activation: Sendable, Equatable {
    case clamp(ClosedRange<Float>)
    case function(Processor.Activation)
  }

  let processor: Processor
  let matrix: PackedMatrix
  /// See `LinearWeights.corrections`.
  let corrections: [Float]
  let adds: Bool
  let activation: Activation?

  /// Rows that are quantized at once: enough for all threads, and few enough to stay in the cache.
  private static let portion = 64...1024

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape, let width = shape.last else { return [GraphFact(.float)] }
    _ = try width.merged(with: .fixed(matrix.inputs))
    let product = Array(shape.dropLast()) + [.fixed(matrix.outputs)]
    if adds {
      guard let other = inputs[1].shape else { return [GraphFact(.float)] }
      return [GraphFact(.float, try product.stretched(to: other))]
    }
    return [GraphFact(.float, product)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0, .float)
    guard x.shape.last == matrix.inputs else {
      throw GraphError("rows of the shape \(x.shape) for \(matrix.inputs) inputs")
    }
    let shape = Array(x.shape.dropLast()) + [matrix.outputs]
    let other = adds ? try inputs.tensor(1, .float) : nil
    if let other, other.shape != shape {
      return try added(product(x, shape, nil, nil, context), other, context)
    }
    return .tensors(try product(x, shape, other, activation, context))
  }

  private func product(
    _ x: GraphTensor, _ shape: [Int], _ other: GraphTensor?, _ activation: Activation?,
    _ context: GraphContext
  ) throws -> GraphTensor {
    let result = try context.unwritten(shape)
    let (width, count) = (matrix.outputs, result.count / matrix.outputs)
    let rows = Activations(pool: context.budget.pool)
    try context.watch.portions(count, products: matrix.inputs * width, of: Self.portion) { range in
      let output = result.rows(range, of: width)
      rows.load(x.rows(range, of: matrix.inputs))
      finish(rows, output, other?.rows(range, of: width), activation)
    }
    return result
  }

  /// The product of some rows, with all that follows it.
  private func finish(
    _ rows: Activations, _ output: FloatRows, _ other: FloatRows?, _ activation: Activation?
  ) {
    if !corrections.isEmpty {
      processor.multiply(rows, by: matrix, into: output)
      processor.correct(output, by: corrections, of: rows)
      if let other { processor.add(other, to: output) }
      return apply(activation, output)
    }
    switch (other, activation) {
    case (nil, .function(.gelu)):
      processor.multiply(rows, by: matrix, into: output, epilogue: .gelu)
    case (_, .clamp(let range)):
      processor.multiply(rows, by: matrix, into: output, epilogue: .clamp(range, adding: other))
    default:
      processor.multiply(
        rows, by: matrix, into: output, epilogue: other.map { .add($0) } ?? .store)
      apply(activation, output)
    }
  }

  private func apply(_ activation: Activation?, _ rows: FloatRows) {
    switch activation {
    case nil: break
    case .clamp(let range): processor.clamp(rows, to: range)
    case .function(let function): processor.activate(rows, function)
    }
  }

  /// Of shapes that are stretched to each other.
  private func added(
    _ product: GraphTensor, _ other: GraphTensor, _ context: GraphContext
  ) throws -> [GraphValue] {
    let sum = try Arithmetic(kind: .add).compute(
      GraphInputs([.tensor(product), .tensor(other)]), context)
    guard case .tensor(let tensor)? = sum.first, tensor.count > 0 else { return sum }
    apply(activation, tensor.rows(of: tensor.shape.last ?? 1))
    return sum
  }
}
