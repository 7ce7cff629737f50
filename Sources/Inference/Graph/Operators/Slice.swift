internal import Models

/// A part of a tensor: from, to and step along some axes; attributes before version 10.
struct Slice: GraphOperator {
  let starts: [Int]?
  let ends: [Int]?
  let axes: [Int]?

  static let entries = [
    OperatorEntry("Slice") { node, _ in
      guard node.version < 10 else { return Slice(starts: nil, ends: nil, axes: nil) }
      return Slice(
        starts: try node.required("starts", node.ints("starts")).map { Int($0) },
        ends: try node.required("ends", node.ints("ends")).map { Int($0) },
        axes: try node.ints("axes")?.map { Int($0) })
    }
  ]

  var takesHalf: Bool { true }

  private struct Part {
    let axis: Int
    let start: Int
    let step: Int
    let count: Int
  }

  private static func part(_ axis: Int, _ size: Int, _ start: Int, _ end: Int, _ step: Int) throws
    -> Part
  {
    guard step != 0, step != .min else { throw GraphError("a step of \(step)") }
    func place(_ index: Int, _ low: Int, _ high: Int) -> Int {
      min(max(index < 0 ? index + size : index, low), high)
    }
    if step > 0 {
      let (first, last) = (place(start, 0, size), place(end, 0, size))
      return Part(
        axis: axis, start: first, step: step,
        count: first < last ? (last - first - 1) / step + 1 : 0)
    }
    let (first, last) = (place(start, -1, size - 1), place(end, -1, size - 1))
    return Part(
      axis: axis, start: max(first, 0), step: step,
      count: first > last ? (first - last - 1) / -step + 1 : 0)
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape else { return [GraphFact(inputs[0].type)] }
    guard let starts = starts ?? inputs.ints(1), let ends = ends ?? inputs.ints(2),
      !inputs.has(3) || inputs.ints(3) != nil
    else { return [GraphFact(inputs[0].type, .unknown(shape.count))] }
    let axes = try Axes.normalized(
      axes ?? inputs.ints(3) ?? Array(starts.indices), rank: shape.count)
    guard axes.count == starts.count, ends.count == starts.count else {
      throw GraphError("starts, ends and axes differ in number")
    }
    let steps = inputs.ints(4) ?? Array(repeating: 1, count: starts.count)
    guard steps.count == starts.count else { throw GraphError("starts and steps differ in number") }
    var new = shape
    for (index, axis) in axes.enumerated() {
      if case .fixed(let size) = shape[axis], !inputs.has(4) || inputs.ints(4) != nil {
        new[axis] = .fixed(
          try Self.part(axis, size, starts[index], ends[index], steps[index]).count)
      } else {
        new[axis] = .unknown
      }
    }
    return [GraphFact(inputs[0].type, new)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let starts = try self.starts ?? inputs.tensor(1).ints()
    let ends = try self.ends ?? inputs.tensor(2).ints()
    let axes = try Axes.normalized(
      self.axes ?? inputs.ints(3) ?? Array(starts.indices), rank: x.rank)
    let steps = try inputs.ints(4) ?? Array(repeating: 1, count: starts.count)
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count
    else { throw GraphError("starts, ends, axes and steps differ in number") }
    var view = StridedView(x)
    for (index, axis) in axes.enumerated() {
      let part = try Self.part(axis, x.shape[axis], starts[index], ends[index], steps[index])
      view.offset += part.start * view.strides[axis]
      view.strides[axis] = part.count > 1 ? view.strides[axis] * part.step : 0
      view.shape[axis] = part.count
    }
    return .tensors(try view.copied(context))
  }
}
