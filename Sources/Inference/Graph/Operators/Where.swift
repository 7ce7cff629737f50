internal import Models

/// Elements of one tensor or another, by a condition; all three are stretched to each other.
struct Where: GraphOperator {
  static let entries = [OperatorEntry("Where") { _, _ in Where() }]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [try GraphFact.stretched(inputs, type: inputs[1].type ?? inputs[2].type)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let condition = try inputs.tensor(0, .bool)
    let x = try inputs.tensor(1)
    let y = try inputs.tensor(2, x.elementType)
    let plan = try Broadcast([condition.shape, x.shape, y.shape])
    if x.elementType == .string {
      var (texts, _) = try context.room(forTexts: plan.shape)
      let truth = condition.values(UInt8.self)
      try plan.runs(context.watch) { _, starts, length, steps in
        for index in 0..<length {
          texts.append(
            truth[starts[0] + index * steps[0]] != 0
              ? x.strings[starts[1] + index * steps[1]] : y.strings[starts[2] + index * steps[2]])
        }
      }
      return .tensors(try context.texts(plan.shape, texts))
    }
    return .tensors(
      try x.elementType.dispatchBits(
        Work(condition: condition, x: x, y: y, plan: plan, context: context)))
  }

  private struct Work: BitsVisitor {
    let condition: GraphTensor
    let x: GraphTensor
    let y: GraphTensor
    let plan: Broadcast
    let context: GraphContext

    func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
      let truth = condition.values(UInt8.self)
      let (a, b) = (x.values(Bits.self), y.values(Bits.self))
      let to = try NewTensor<Bits>(x.elementType, plan.shape, context.budget, isCleared: false)
      try plan.runs(context.watch) { start, starts, length, steps in
        let chosen = unsafe truth.run(starts[0], length, step: steps[0])
        let left = unsafe a.run(starts[1], length, step: steps[1])
        let right = unsafe b.run(starts[2], length, step: steps[2])
        let target = unsafe to.run(start, length)
        let (one, two, three) = (steps[0], steps[1], steps[2])
        for index in 0..<length {
          unsafe target[index] =
            chosen[index * one] != 0 ? left[index * two] : right[index * three]
        }
      }
      return to.tensor
    }
  }
}
