import Models
import Testing

@testable import Inference

/// Graphs in QDQ form from bytes to bytes, and node by node.
@Suite struct QuantizedNetworkTests {
  /// A network of bytes in the making; all its values have one scale.
  private struct Network {
    var graph: FusionSample
    let type: ONNXElementType
    private let scale: String
    private let zero: String
    /// Of every value; weights have a hundredth of 1.
    static let step: Float = 0.03125

    init(seed: UInt64, _ type: ONNXElementType = .uint8) {
      graph = FusionSample(seed: seed)
      graph.isOpen = false
      self.type = type
      scale = graph.constant([], [Self.step])
      zero = graph.constant([], type, [type == .uint8 ? 120 : UInt8(bitPattern: -8)])
    }

    mutating func quantized(_ value: String) -> String {
      let bytes = graph.add("QuantizeLinear", value, scale, zero)
      return graph.add("DequantizeLinear", bytes, scale, zero)
    }

    mutating func weights(_ shape: [Int]) -> String {
      let count = shape.reduce(1, *)
      let bytes = graph.floats(count, 100).map { UInt8(bitPattern: Int8($0)) }
      let scales = (0..<shape[0]).map { 0.005 + 0.001 * Float($0 % 7) }
      return graph.add(
        "DequantizeLinear", graph.constant(shape, .int8, bytes),
        graph.constant([shape[0]], scales), with: ["axis": .int(0)])
    }

    /// A constant in bytes, as DequantizeLinear gives it.
    mutating func quantizedConstant(_ shape: [Int], _ values: [Float]) -> String {
      let shift: Float = type == .uint8 ? 120 : -8
      let bytes = values.map { value -> UInt8 in
        let steps = Int((value / Self.step + shift).rounded())
        return type == .uint8 ? UInt8(clamping: steps) : UInt8(bitPattern: Int8(clamping: steps))
      }
      return graph.add("DequantizeLinear", graph.constant(shape, type, bytes), scale, zero)
    }

    mutating func product(_ x: String, _ inputs: Int, _ outputs: Int) -> String {
      let bytes = graph.floats(inputs * outputs, 100).map { UInt8(bitPattern: Int8($0)) }
      let scales = (0..<outputs).map { 0.005 + 0.001 * Float($0 % 7) }
      let weights = graph.add(
        "DequantizeLinear", graph.constant([inputs, outputs], .int8, bytes),
        graph.constant([outputs], scales), with: ["axis": .int(1)])
      return graph.add("MatMul", x, weights)
    }

    mutating func convolution(_ x: String, _ shape: [Int], groups: Int = 1, pad: Int = 1) -> String
    {
      let weights = weights(shape)
      return graph.add(
        "Conv", x, weights, graph.random([shape[0]]),
        with: [
          "pads": .ints(Array(repeating: Int64(pad), count: 4)), "group": .int(Int64(groups)),
          "kernel_shape": .ints([Int64(shape[2]), Int64(shape[3])]),
        ])
    }

    /// Answers may differ by a step, as sums on the border of two steps may fall to either side;
    /// behind another convolution a step may have become some.
    func check(_ outputs: [String], steps: Int, apart: Float = 1) throws {
      try graph.check(outputs, steps: steps, absolute: apart * Self.step)
    }
  }

  @Test(arguments: [ONNXElementType.uint8, .int8])
  func residualBlocksAreTwoConvolutions(type: ONNXElementType) throws {
    var network = Network(seed: 1, type)
    let x = network.quantized(network.graph.input("x", [2, 6, 5, 7]))
    var y = network.quantized(
      network.graph.add("Relu", network.convolution(x, [6, 6, 3, 3])))
    y = network.quantized(network.convolution(y, [6, 6, 3, 3]))
    let z = network.quantized(network.graph.add("Relu", network.graph.add("Add", y, x)))
    // The bytes of the input, two convolutions, the floats of the answer.
    try network.check([z], steps: 4, apart: 3)
  }

  /// As onnxruntime quantizes a transformer's layer: product, bias and activation with a grid each.
  @Test(arguments: [ONNXElementType.uint8, .int8], [8, 13])
  func rowsOfSequencesArePixels(type: ONNXElementType, width: Int) throws {
    var network = Network(seed: 9, type)
    let x = network.quantized(network.graph.input("x", [2, 5, width]))
    func constant(_ values: [Float]) -> String {
      network.quantizedConstant([values.count], values)
    }
    var y = network.quantized(network.product(x, width, 24))
    let bias = constant(network.graph.floats(24))
    y = network.quantized(network.graph.add("Add", y, bias))
    let half = network.quantized(network.graph.add("Mul", y, constant([0.5])))
    let root = network.graph.add("Erf", half)
    y = network.quantized(network.graph.add("Mul", y, network.quantized(root)))
    y = network.quantized(network.product(y, 24, width))
    let z = network.quantized(network.graph.add("Add", constant(network.graph.floats(width)), y))
    let sum = network.quantized(network.graph.add("Add", z, x))
    // Bytes of the input, product, bias, two tables, a product of two, product, bias, sum, floats.
    try network.check([sum], steps: 10, apart: 4)
  }

  /// What looks at axes is not taken for what it is of images.
  @Test func axesOfSequencesAreTheirOwn() throws {
    var network = Network(seed: 10)
    let x = network.quantized(network.graph.input("x", [2, 5, 8]))
    let y = network.quantized(network.product(x, 8, 8))
    let both = network.quantized(network.graph.add("Concat", y, x, with: ["axis": .int(1)]))
    let mean = network.quantized(network.graph.add("ReduceMean", y, with: ["axes": .ints([1])]))
    try network.check([both, mean], steps: 10)
  }

  /// Tables of bytes are asked for rows, and other constants are floats at once.
  @Test func constantsAreDequantizedOnce() throws {
    var network = Network(seed: 12)
    let x = network.graph.input("x", [3, 7])
    let table = network.quantizedConstant([10, 7], network.graph.floats(70))
    let places = network.graph.add(
      "ArgMax", x, with: ["axis": .int(1), "keepdims": .int(0)])
    let rows = network.graph.add("Gather", table, places)
    let weights = network.quantizedConstant([7], network.graph.floats(7))
    let sum = network.graph.add("Add", network.graph.add("Mul", x, weights), rows)
    let turned = network.graph.add("Transpose", table, with: ["perm": .ints([1, 0])])
    let product = network.graph.add("MatMul", x, turned)
    try network.check([sum, product], steps: 5)
  }

  /// A zero point that is computed is none that was left out.
  @Test func gridsThatAreComputedAreNoConstants() throws {
    var network = Network(seed: 13)
    let x = network.graph.input("x", [3, 4])
    let largest = network.graph.add(
      "ReduceMax", network.graph.add("Mul", x, network.graph.constant([], [100])),
      with: ["keepdims": .int(0)])
    let zero = network.graph.add("Cast", largest, with: ["to": .int(2)])
    let bytes = network.graph.constant([4], .uint8, [1, 50, 100, 255])
    let scale = network.graph.constant([], [0.5])
    let row = network.graph.add("DequantizeLinear", bytes, scale, zero)
    let sum = network.graph.add("Add", x, row)
    try network.check([sum], steps: 5)
  }

  @Test func whatOthersReadIsNoPartOfASum() throws {
    var network = Network(seed: 2)
    let x = network.quantized(network.graph.input("x", [1, 4, 5, 5]))
    let y = network.quantized(network.convolution(x, [4, 4, 3, 3]))
    let z = network.quantized(network.graph.add("Add", y, x))
    let other = network.quantized(network.graph.add("Sigmoid", y))
    try network.check([z, other], steps: 6)
  }

  @Test func valuesThatAreAskedForStay() throws {
    var network = Network(seed: 3)
    let x = network.quantized(network.graph.input("x", [1, 4, 5, 5]))
    let product = network.convolution(x, [4, 4, 3, 3])
    let y = network.quantized(network.graph.add("Relu", product))
    // The product is an answer itself: the convolution is computed in floats.
    try network.check([y, product], steps: 6)
  }

  /// A product whose answer stays floats is the product of floats that it is elsewhere.
  @Test func weightsThatNothingTakesAsBytesAreFloats() throws {
    var network = Network(seed: 12)
    let x = network.quantized(network.graph.input("x", [3, 8]))
    let scores = network.graph.add(
      "Gemm", x, network.weights([9, 8]), network.graph.random([9]), with: ["transB": .int(1)])
    let y = network.graph.add("Relu", scores)
    // The bytes of the input, its floats, the product with its activation.
    try network.check([y], steps: 3)
  }

  @Test func imagesOfFewChannelsAreReadByRowsOfOneConvolutionAlone() throws {
    var network = Network(seed: 4)
    let x = network.quantized(network.graph.input("x", [2, 3, 9, 9]))
    let y = network.quantized(network.convolution(x, [8, 3, 5, 5], pad: 2))
    try network.check([y], steps: 3)
    let z = network.quantized(network.convolution(x, [8, 3, 3, 3]))
    try network.check([y, z], steps: 5)
  }

  @Test func groupsPoolsAndFunctions() throws {
    var network = Network(seed: 5)
    let x = network.quantized(network.graph.input("x", [2, 8, 6, 6]))
    var y = network.quantized(network.convolution(x, [8, 1, 3, 3], groups: 8))
    y = network.quantized(network.convolution(y, [8, 4, 1, 1], groups: 2, pad: 0))
    y = network.quantized(
      network.graph.add(
        "MaxPool", y, with: ["kernel_shape": .ints([2, 2]), "pads": .ints([1, 1, 0, 0])]))
    y = network.quantized(
      network.graph.add(
        "AveragePool", y,
        with: ["kernel_shape": .ints([3, 3]), "pads": .ints([1, 1, 1, 1]), "strides": .ints([2, 2])]
      ))
    // SiLU as exporters write it, one table.
    y = network.quantized(network.graph.add("Mul", y, network.graph.add("Sigmoid", y)))
    let pooled = network.quantized(network.graph.add("GlobalAveragePool", y))
    let gate = network.quantized(network.graph.add("HardSigmoid", pooled))
    y = network.quantized(network.graph.add("Mul", y, gate))
    y = network.quantized(
      network.graph.add("Concat", y, y, with: ["axis": .int(1)]))
    y = network.quantized(network.graph.add("Flatten", y))
    try network.check([y], steps: 12)
  }

  /// Where a window finds nothing stands the lowest byte, as QuantizeLinear makes it of −∞.
  @Test(arguments: [ONNXElementType.uint8, .int8])
  func windowsInThePaddingAloneArePooled(type: ONNXElementType) throws {
    var network = Network(seed: 9, type)
    let x = network.quantized(network.graph.input("x", [2, 5, 6, 6]))
    let y = network.quantized(
      network.graph.add(
        "MaxPool", x,
        with: [
          "kernel_shape": .ints([2, 2]), "pads": .ints([2, 3, 2, 2]), "dilations": .ints([1, 2]),
        ]))
    try network.check([y], steps: 3)
  }

  @Test func layersOfRows() throws {
    var network = Network(seed: 6)
    let x = network.quantized(network.graph.input("x", [3, 20]))
    let weights = network.weights([9, 20])
    var y = network.graph.add(
      "Gemm", x, weights, network.graph.random([9]), with: ["transB": .int(1)])
    y = network.quantized(network.graph.add("Relu", y))
    try network.check([y], steps: 3)
  }

  @Test func otherScalesOrAxesAreNotFused() throws {
    var network = Network(seed: 7)
    let x = network.quantized(network.graph.input("x", [1, 4, 5, 5]))
    // Of all axes but the channels' nothing is joined.
    let y = network.quantized(network.graph.add("Concat", x, x, with: ["axis": .int(2)]))
    try network.check([y], steps: 5)
  }
}
