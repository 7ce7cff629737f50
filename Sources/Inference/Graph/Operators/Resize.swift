internal import Models

/// A tensor stretched or shrunk along its axes: to the nearest, linearly or by cubes.
struct Resize: GraphOperator {
  enum Mode: String, Sendable { case nearest, linear, cubic }
  let mode: Mode
  let coordinates: String
  let rounding: String
  let cubic: Double
  let excludesOutside: Bool
  let fill: Float
  let axes: [Int]?
  let policy: String

  static let entries = [
    OperatorEntry("Resize", versions: 11...28) { node, _ in
      let name = try node.text("mode", default: "nearest")
      guard let mode = Mode(rawValue: name) else {
        throw node.problem(.malformed, "there is no mode \(ONNXProblem.shown(name))")
      }
      guard try !node.flag("antialias", default: false) else {
        throw node.problem(.unsupported, "antialias is not supported")
      }
      let coordinates = try node.text("coordinate_transformation_mode", default: "half_pixel")
      let known = [
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_crop_and_resize",
      ]
      guard known.contains(coordinates) else {
        throw node.problem(.unsupported, "the coordinates \(ONNXProblem.shown(coordinates))")
      }
      return Resize(
        mode: mode, coordinates: coordinates,
        rounding: try node.text("nearest_mode", default: "round_prefer_floor"),
        cubic: Double(try node.float("cubic_coeff_a", default: -0.75)),
        excludesOutside: try node.flag("exclude_outside", default: false),
        fill: try node.float("extrapolation_value", default: 0),
        axes: try node.ints("axes")?.map { Int(clamping: $0) },
        policy: try node.text("keep_aspect_ratio_policy", default: "stretch"))
    }
  ]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let axes = try Axes.normalized(self.axes ?? Array(0..<x.rank), rank: x.rank)
    let regions = try inputs.optional(1)?.doubles(context) ?? []
    var (sizes, scales) = (x.shape, [Double](repeating: 1, count: x.rank))
    if let wanted = try inputs.ints(3), !wanted.isEmpty {
      guard wanted.count == axes.count else { throw GraphError("\(wanted.count) sizes") }
      var factors = zip(wanted, axes).map { Double($0) / Double(max(1, x.shape[$1])) }
      if policy != "stretch" {
        let least = policy == "not_larger" ? factors.min() : factors.max()
        factors = factors.map { _ in least ?? 1 }
      }
      for (index, axis) in axes.enumerated() {
        scales[axis] = factors[index]
        let scaled = Double(x.shape[axis]) * factors[index]
        sizes[axis] = policy == "stretch" ? wanted[index] : Int(Int64(double: double(half: scaled)))
      }
    } else {
      let given = try inputs.tensor(2).doubles(context)
      guard given.count == axes.count else { throw GraphError("\(given.count) scales") }
      for (index, axis) in axes.enumerated() {
        scales[axis] = given[index]
        sizes[axis] = Int(Int64(double: (Double(x.shape[axis]) * given[index]).rounded(.down)))
      }
    }
    // There is room for the answer, before anything is made that is as large.
    let count = try GraphTensor.count(sizes, limit: context.budget.elementLimit)
    _ = try BudgetCharge(numbers: count, context.budget)
    guard (scales + regions).allSatisfy(\.isFinite), scales.allSatisfy({ $0 > 0 }) else {
      throw GraphError("scales or regions that are no numbers")
    }
    // One axis after the other; each place is a sum of some of the axis before.
    var sofar = try x.converted(to: .double, context)
    for axis in axes where sizes[axis] != x.shape[axis] || scales[axis] != 1 || isCropping {
      let at = axes.firstIndex(of: axis) ?? 0
      let region =
        regions.count == 2 * axes.count ? (regions[at], regions[at + axes.count]) : (0, 1)
      let taps = try Taps(sizes[axis], context) {
        try self.taps($0, from: x.shape[axis], to: sizes[axis], scales[axis], region)
      }
      sofar = try summed(sofar, axis, taps, context)
    }
    return .tensors(
      try Cast.converted(sofar, x.elementType, saturates: true, context))
  }

  private var isCropping: Bool { coordinates == "tf_crop_and_resize" }

  private func double(half x: Double) -> Double { (x + 0.5).rounded(.down) }

  private typealias Tap = (place: Int, weight: Double)

  /// Which elements make each one along an axis. Charged.
  private struct Taps {
    let count: Int
    private(set) var all: [Tap] = []
    /// Where those of each begin, and the last ones end.
    private var starts = [0]
    private let charge: BudgetCharge

    init(_ count: Int, _ context: GraphContext, _ body: (Int) throws -> [Tap]) throws {
      self.count = count
      // Four at most, of two numbers each.
      charge = try BudgetCharge(numbers: 9 * count, context.budget)
      starts.reserveCapacity(count + 1)
      var work = context.watch.work
      for index in 0..<count {
        // Each takes as long as some products.
        try work.add(64)
        all += try body(index)
        starts.append(all.count)
      }
    }

    /// Where the taps of one stand.
    func range(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] }
  }

  /// Which elements make the one at an index; none where it lies outside of a cropped region.
  private func taps(
    _ index: Int, from size: Int, to wanted: Int, _ scale: Double, _ region: (Double, Double)
  ) throws -> [Tap] {
    guard size > 0 else { throw GraphError("nothing to resize") }
    let (i, last) = (Double(index), Double(size - 1))
    var at: Double
    switch coordinates {
    case "align_corners":
      // By the width as the scale says it, whole or not.
      let width = scale * Double(size)
      at = width == 1 ? 0 : i * last / (width - 1)
    case "asymmetric": at = i / scale
    case "pytorch_half_pixel": at = wanted == 1 ? 0 : (i + 0.5) / scale - 0.5
    case "half_pixel_symmetric":
      let adjustment = Double(wanted) / (scale * Double(size))
      at = Double(size) / 2 * (1 - adjustment) + (i + 0.5) / scale - 0.5
    case "tf_crop_and_resize":
      at =
        wanted == 1
        ? 0.5 * (region.0 + region.1) * last
        : region.0 * last + i * (region.1 - region.0) * last / Double(wanted - 1)
      if at < 0 || at > last { return [] }
    default: at = (i + 0.5) / scale - 0.5
    }
    func held(_ place: Double) -> Int { Int(min(max(place, 0), last)) }
    let floor = at.rounded(.down)
    switch mode {
    case .nearest:
      switch rounding {
      case "floor": return [(held(floor), 1)]
      case "ceil": return [(held(at.rounded(.up)), 1)]
      case "round_prefer_ceil": return [(held((at + 0.5).rounded(.down)), 1)]
      default: return [(held((at - 0.5).rounded(.up)), 1)]
      }
    case .linear:
      return [(held(floor), 1 - (at - floor)), (held(floor + 1), at - floor)]
    case .cubic:
      let part = at - floor
      var taps = [
        (floor - 1, far(1 + part)), (floor, near(part)), (floor + 1, near(1 - part)),
        (floor + 2, far(2 - part)),
      ]
      if excludesOutside {
        taps = taps.map { ($0.0, $0.0 < 0 || $0.0 > last ? 0 : $0.1) }
        let sum = taps.reduce(0) { $0 + $1.1 }
        taps = taps.map { ($0.0, $0.1 / sum) }
      }
      return taps.map { (held($0.0), $0.1) }
    }
  }

  /// Keys' cubic, up to a distance of 1 and of 2.
  private func near(_ x: Double) -> Double { ((cubic + 2) * x - (cubic + 3)) * x * x + 1 }

  private func far(_ x: Double) -> Double {
    ((cubic * x - 5 * cubic) * x + 8 * cubic) * x - 4 * cubic
  }

  private func summed(
    _ x: GraphTensor, _ axis: Int, _ taps: Taps, _ context: GraphContext
  ) throws -> GraphTensor {
    var shape = x.shape
    shape[axis] = taps.count
    let (from, to) = (x.values(Double.self), try context.new(Double.self, shape))
    let (size, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
    let all = taps.all
    var work = context.watch.work
    for block in 0..<x.shape[..<axis].product {
      for index in 0..<taps.count {
        let (sources, target) = (taps.range(index), (block * taps.count + index) * inner)
        try work.pieces(0..<inner, cost: 4) { piece in
          for column in piece {
            var sum = sources.isEmpty ? Double(fill) : 0
            for source in sources {
              let (place, weight) = all[source]
              sum += weight * from[(block * size + place) * inner + column]
            }
            to[target + column] = sum
          }
        }
      }
    }
    return to.tensor
  }
}
