internal import Glibc
internal import Models

/// One number for each window: the largest, the mean, or the length of order p.
struct Pool: GraphOperator {
  enum Kind: Sendable { case max, average, length }
  let kind: Kind
  let rule: WindowRule
  let countsPadding: Bool
  let order: Int
  let isColumnMajor: Bool

  static let entries: [OperatorEntry] = [
    ("MaxPool", Kind.max), ("AveragePool", .average), ("LpPool", .length),
  ].map { name, kind in
    OperatorEntry(name) { node, _ in try Pool(kind, node) }
  }

  init(_ kind: Kind, _ node: ONNXNode) throws {
    _ = try node.required("kernel_shape", node.ints("kernel_shape"))
    self.kind = kind
    rule = try WindowRule(node)
    countsPadding = try node.flag("count_include_pad", default: false)
    order = Int(clamping: try node.int("p", default: 2))
    isColumnMajor = try node.flag("storage_order", default: false)
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let shape = try rule.inferred(inputs[0].shape, kernel: nil, channels: nil)
    return [GraphFact(inputs[0].type, shape), GraphFact(.int64, shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    guard x.rank >= 3 else { throw GraphError("\(x.rank) dimensions have no windows") }
    let windows = try rule.windows(Array(x.shape[2...]))
    let work = Work(pool: self, x: x, windows: windows, context: context)
    return (kind == .max ? try x.elementType.dispatch(work) : try work.means())
      .map { .tensor($0) }
  }

  private struct Work: NumberVisitor {
    let pool: Pool
    let x: GraphTensor
    let windows: Windows
    let context: GraphContext

    private var shape: [Int] { Array(x.shape[..<2]) + windows.outputs }

    /// The second answer is where the largest numbers lie in the whole tensor.
    func visit<N: GraphNumber>(_: N.Type) throws -> [GraphTensor] {
      let to = try NewTensor<N>(x.elementType, shape, context.budget)
      let indices = try context.new(Int64.self, shape)
      let (places, charge) = try windows.places(context)
      defer { withExtendedLifetime(charge) {} }
      let from = x.values(N.self)
      let (area, taps, spatial) = (
        windows.outputs.product, windows.taps, x.shape[2...].product
      )
      var work = context.watch.work
      for index in 0..<to.count {
        try work.add(taps)
        let (plane, window) = (index / area, index % area)
        var (best, largest) = (-1, N.lowest)
        for tap in 0..<taps {
          let place = places[window * taps + tap]
          guard place >= 0 else { continue }
          let value = from[plane * spatial + place]
          if best < 0 || value > largest || value != value { (best, largest) = (place, value) }
        }
        to[index] = largest
        let named = pool.isColumnMajor && best >= 0 ? columnMajor(best) : best
        indices[index] = Int64(plane * spatial + named)
      }
      return [to.tensor, indices.tensor]
    }

    /// The number of a place of the spatial part with the first dimension fastest.
    private func columnMajor(_ place: Int) -> Int {
      var (rest, number) = (place, 0)
      for size in x.shape[2...].reversed() {
        number = number * size + rest % size
        rest /= size
      }
      return number
    }

    func means() throws -> [GraphTensor] {
      let (places, charge) = try windows.places(context)
      defer { withExtendedLifetime(charge) {} }
      let counts = try pool.countsPadding ? paddedCounts() : nil
      return [
        try x.elementType.dispatch(
          Means(
            pool: pool, x: x, windows: windows, shape: shape, places: places, counts: counts,
            context: context))
      ]
    }

    /// For each window how many of its taps lie in the tensor or in what is set around it.
    private func paddedCounts() throws -> [Int] {
      var work = context.watch.work
      var window = [Int](repeating: 0, count: windows.sizes.count)
      return try (0..<windows.outputs.product).map { _ in
        try work.add(windows.kernel.reduce(0, +))
        var count = 1
        for axis in window.indices {
          let first = window[axis] * windows.strides[axis]
          let end = windows.afters.map { windows.sizes[axis] + windows.befores[axis] + $0[axis] }
          let taps = (0..<windows.kernel[axis]).filter {
            first + $0 * windows.dilations[axis] < end ?? .max
          }
          count *= taps.count
        }
        window.advance(in: windows.outputs)
        return count
      }
    }
  }

  private struct Means: FloatVisitor {
    let pool: Pool
    let x: GraphTensor
    let windows: Windows
    let shape: [Int]
    let places: [Int]
    let counts: [Int]?
    let context: GraphContext

    func visit<N: GraphFloat>(_: N.Type) throws -> GraphTensor {
      let (from, to) = (x.values(N.self), try context.new(N.self, shape))
      let (area, taps, spatial) = (
        windows.outputs.product, windows.taps, x.shape[2...].product
      )
      var work = context.watch.work
      for index in 0..<to.count {
        try work.add(taps)
        let (plane, window) = (index / area, index % area)
        var (sum, count): (N, Int) = (0, 0)
        for tap in 0..<taps {
          let place = places[window * taps + tap]
          guard place >= 0 else { continue }
          let value = from[plane * spatial + place]
          count += 1
          sum += pool.kind == .average ? value : .pow(abs(value), N(pool.order))
        }
        to[index] =
          pool.kind == .average
          ? sum / N(max(1, counts?[window] ?? count)) : .pow(sum, 1 / N(pool.order))
      }
      return to.tensor
    }
  }
}
