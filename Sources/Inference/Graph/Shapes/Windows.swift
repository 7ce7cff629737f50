internal import Models

/// How windows (of convolutions and pools) slide over the spatial dimensions of a tensor
/// [batch, channels, …].
struct WindowRule: Sendable {
  enum Padding: String, Sendable {
    case explicit = "NOTSET"
    case sameUpper = "SAME_UPPER"
    case sameLower = "SAME_LOWER"
    case valid = "VALID"
  }
  /// nil: the weights say.
  let kernel: [Int]?
  let strides: [Int]?
  let dilations: [Int]?
  let pads: [Int]?
  let padding: Padding
  let roundsUp: Bool

  init(_ node: ONNXNode) throws {
    func sizes(_ name: String, from least: Int) throws -> [Int]? {
      try node.ints(name)?.map {
        guard let size = Int(exactly: $0), size >= least, size < 1 << 31 else {
          throw node.problem(.malformed, "the attribute \(name) has \($0)")
        }
        return size
      }
    }
    kernel = try sizes("kernel_shape", from: 1)
    strides = try sizes("strides", from: 1)
    dilations = try sizes("dilations", from: 1)
    pads = try sizes("pads", from: 0)
    let name = try node.text("auto_pad", default: "NOTSET")
    guard let padding = Padding(rawValue: name) else {
      throw node.problem(.malformed, "there is no auto_pad \(name)")
    }
    self.padding = padding
    roundsUp = try node.flag("ceil_mode", default: false)
  }

  /// One place, nothing around it.
  static let single = WindowRule(
    kernel: nil, strides: nil, dilations: nil, pads: nil, padding: .explicit, roundsUp: false)

  private init(
    kernel: [Int]?, strides: [Int]?, dilations: [Int]?, pads: [Int]?, padding: Padding,
    roundsUp: Bool
  ) {
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.pads = pads
    self.padding = padding
    self.roundsUp = roundsUp
  }

  /// For a tensor with these spatial sizes.
  func windows(_ sizes: [Int], kernel given: [Int]? = nil) throws -> Windows {
    let rank = sizes.count
    guard let kernel = given ?? kernel, kernel.count == rank, kernel.allSatisfy({ $0 > 0 }) else {
      throw GraphError("the window does not fit \(rank) spatial dimensions")
    }
    if let own = self.kernel, own != kernel { throw GraphError("kernel_shape is not the weights'") }
    let strides = strides ?? Array(repeating: 1, count: rank)
    let dilations = dilations ?? Array(repeating: 1, count: rank)
    let pads = pads ?? Array(repeating: 0, count: 2 * rank)
    guard strides.count == rank, dilations.count == rank, pads.count == 2 * rank else {
      throw GraphError("strides, dilations or pads do not fit \(rank) spatial dimensions")
    }
    var (befores, outputs) = ([Int](), [Int]())
    for axis in 0..<rank {
      let (extent, overflow) = (kernel[axis] - 1).multipliedReportingOverflow(by: dilations[axis])
      guard !overflow, extent < 1 << 40 else { throw GraphError("a window that is too large") }
      let reach = extent + 1
      let (size, step) = (sizes[axis], strides[axis])
      switch padding {
      case .sameUpper, .sameLower:
        let count = (size + step - 1) / step
        let missing = max(0, (count - 1) * step + reach - size)
        befores.append(padding == .sameUpper ? missing / 2 : missing - missing / 2)
        outputs.append(count)
      case .explicit, .valid:
        let (before, after) = padding == .valid ? (0, 0) : (pads[axis], pads[axis + rank])
        let room = size + before + after - reach
        let reached = roundsUp ? room + step - 1 : room
        guard reached >= 0 else {
          throw GraphError(
            "a window that reaches over \(reach) places of dimension \(axis + 2), which has "
              + "\(size) and \(before + after) around them")
        }
        var count = reached / step + 1
        // A window must not begin behind the tensor and what is before it.
        if roundsUp && (count - 1) * step >= size + before { count -= 1 }
        befores.append(before)
        outputs.append(count)
      }
    }
    return Windows(
      sizes: sizes, kernel: kernel, strides: strides, dilations: dilations, befores: befores,
      afters: padding == .explicit ? Array(pads[rank...]) : nil, outputs: outputs)
  }

  /// The shape of the answer as far as it is known.
  func inferred(
    _ shape: [ONNXDimension]?, kernel: [Int]?, channels: ONNXDimension?
  ) throws -> [ONNXDimension]? {
    guard let shape, shape.count > 2 else { return nil }
    let head = [shape[0], channels ?? shape[1]]
    guard let kernel = kernel ?? self.kernel, kernel.count == shape.count - 2 else {
      return head + .unknown(shape.count - 2)
    }
    // An open size stays open; meanwhile one stands for it that is wide enough for any window.
    let stand = shape[2...].map { if case .fixed(let size) = $0 { size } else { 1 << 41 } }
    let known = try windows(stand, kernel: kernel).outputs
    return head
      + zip(shape[2...], known).map { if case .fixed = $0 { .fixed($1) } else { .unknown } }
  }
}

/// The windows over one tensor.
struct Windows {
  let sizes: [Int]
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  let befores: [Int]
  /// What stands behind the tensor, where the node says so.
  let afters: [Int]?
  /// How many there are in each direction.
  let outputs: [Int]

  var taps: Int { kernel.product }

  /// For each window, and in it for each tap, the place in the spatial part; -1 outside of it.
  ///
  /// Bounded: as large as a tensor may be, and charged.
  func places(_ context: GraphContext) throws -> ([Int], BudgetCharge) {
    let count = try GraphTensor.count([outputs.product, taps], limit: context.budget.elementLimit)
    let charge = try BudgetCharge(numbers: count, context.budget)
    let own = Broadcast.strides(sizes)
    var places: [Int] = []
    places.reserveCapacity(count)
    var window = [Int](repeating: 0, count: sizes.count)
    var work = context.watch.work
    for _ in 0..<outputs.product {
      var tap = [Int](repeating: 0, count: sizes.count)
      for _ in 0..<taps {
        // Each takes as long as some products.
        try work.add(8)
        var place = 0
        for axis in sizes.indices where place >= 0 {
          let at = window[axis] * strides[axis] - befores[axis] + tap[axis] * dilations[axis]
          place = at < 0 || at >= sizes[axis] ? -1 : place + at * own[axis]
        }
        places.append(place)
        tap.advance(in: kernel)
      }
      window.advance(in: outputs)
    }
    return (places, charge)
  }
}
