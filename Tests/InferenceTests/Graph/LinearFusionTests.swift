import Compute
import Models
import Testing

@testable import Inference

/// Products and what follows them, fused and not.
@Suite struct LinearFusionTests {
  @Test func productsTakeBiasSumAndActivation() throws {
    var graph = FusionSample(seed: 1)
    let x = graph.input("x", [2, 5, 24])
    let other = graph.input("other", [2, 5, 70])
    let product = graph.add("MatMul", x, graph.random([24, 70]))
    let biased = graph.add("Add", graph.random([70]), product)
    let y = graph.add("Relu", graph.add("Add", biased, other))
    try graph.check([y], steps: 1)
  }

  @Test func gemmTurnsAndScales() throws {
    var graph = FusionSample(seed: 2)
    let x = graph.input("x", [7, 33])
    let y = graph.add(
      "Gemm", x, graph.random([9, 33]), graph.random([1, 9]),
      with: ["transB": .int(1), "alpha": .float(0.5), "beta": .float(2)])
    let z = graph.add("Clip", y, graph.constant([], [-0.5]), graph.constant([], [0.75]))
    try graph.check([z], steps: 1)
  }

  @Test func whatIsAddedMayBeStretched() throws {
    var graph = FusionSample(seed: 3)
    graph.isOpen = false
    let x = graph.input("x", [2, 5, 24])
    let row = graph.input("row", [2, 1, 16])
    let sum = graph.add("Add", row, graph.add("MatMul", x, graph.random([24, 16])))
    let y = graph.add("Relu", sum)
    try graph.check([y], steps: 1)
  }

  @Test func whatOthersReadStays() throws {
    var graph = FusionSample(seed: 4)
    let x = graph.input("x", [2, 5, 24])
    let product = graph.add("MatMul", x, graph.random([24, 16]))
    let biased = graph.add("Add", product, graph.random([16]))
    let relu = graph.add("Relu", biased)
    // The bias joins neither an output nor what two others read.
    try graph.check([relu, product], steps: 3)
    try graph.check([relu, biased], steps: 2)
    let y = graph.add("Mul", relu, biased)
    try graph.check([y], steps: 3)
  }

  @Test func twoProductsAreAdded() throws {
    var graph = FusionSample(seed: 5)
    let x = graph.input("x", [2, 5, 24])
    let a = graph.add("MatMul", x, graph.random([24, 16]))
    let b = graph.add("Add", graph.add("MatMul", x, graph.random([24, 16])), graph.random([16]))
    let y = graph.add("Add", a, b)
    try graph.check([y], steps: 2)
  }

  @Test(arguments: 0..<5) func geluIsFoundInAllItsOrders(_ order: Int) throws {
    var graph = FusionSample(seed: 6)
    let x = graph.add("MatMul", graph.input("x", [2, 5, 24]), graph.random([24, 40]))
    let (half, one) = (graph.constant([], [0.5]), graph.constant([1], [1]))
    func share(_ graph: inout FusionSample) -> String {
      if order == 4 {
        let cube = graph.add("Pow", x, graph.constant([], [3]))
        let term = graph.add("Mul", graph.constant([], [0.044_715]), cube)
        let inner = graph.add(
          "Mul", graph.add("Add", x, term), graph.constant([], [0.797_884_6]))
        return graph.add("Add", one, graph.add("Tanh", inner))
      }
      let scaled =
        order == 1
        ? graph.add("Mul", x, graph.constant([], [0.707_106_8]))
        : graph.add("Div", x, graph.constant([], [1.414_213_5]))
      return graph.add("Add", graph.add("Erf", scaled), one)
    }
    let y: String
    switch order {
    case 2: y = graph.add("Mul", graph.add("Mul", x, half), share(&graph))
    case 3: y = graph.add("Mul", x, graph.add("Mul", share(&graph), half))
    default: y = graph.add("Mul", graph.add("Mul", x, share(&graph)), half)
    }
    try graph.check([y], steps: 1)
  }

  @Test func whatIsNearlyGeluStays() throws {
    var graph = FusionSample(seed: 7)
    let x = graph.input("x", [2, 5, 24])
    let erf = graph.add("Erf", graph.add("Div", x, graph.constant([], [1.5])))
    let sum = graph.add("Add", erf, graph.constant([], [1]))
    let y = graph.add("Mul", graph.add("Mul", x, sum), graph.constant([], [0.5]))
    try graph.check([y], steps: 5)
    var shared = FusionSample(seed: 8)
    let z = shared.input("x", [2, 5, 24])
    let other = shared.add("Erf", shared.add("Div", z, shared.constant([], [1.414_213_5])))
    let more = shared.add("Add", other, shared.constant([], [1]))
    let w = shared.add("Mul", shared.add("Mul", z, more), shared.constant([], [0.5]))
    try shared.check([w, other], steps: 5)
  }

  @Test func normalizationIsFoundSpelledOut() throws {
    for axis in [-1, 1] as [Int64] {
      var graph = FusionSample(seed: 9)
      graph.isOpen = false
      let x = graph.input("x", [2, 24, 24])
      let mean = graph.add("ReduceMean", x, with: ["axes": .ints([axis])])
      let distance = graph.add("Sub", x, mean)
      let square = graph.add("Pow", distance, graph.constant([], [2]))
      let variance = graph.add("ReduceMean", square, with: ["axes": .ints([axis])])
      let root = graph.add("Sqrt", graph.add("Add", variance, graph.constant([], [1e-5])))
      let normal = graph.add("Div", distance, root)
      let scaled = graph.add("Mul", normal, graph.random([24]))
      let y = graph.add("Add", scaled, graph.random([24]))
      try graph.check([y], steps: axis == -1 ? 1 : 9)
    }
  }

  @Test func normalizationOfRowsIsOneStep() throws {
    var graph = FusionSample(seed: 10)
    let x = graph.input("x", [2, 5, 24])
    let outputs = ["y", "mean"]
    let y = graph.add(
      "LayerNormalization", x, graph.random([24]), graph.random([24]), outputs: outputs)
    try graph.check([y], steps: 1)
    let plan = try graph.plan(outputs, nil)
    #expect(try graph.run(plan).count == 2)
    try graph.check(outputs, steps: 1)
  }

  @Test(arguments: [(true, true, 0), (false, true, 128), (false, false, 100), (true, false, 5)])
  func dynamicQuantizationKeepsTheBytes(
    _ isSigned: Bool, _ isPerOutput: Bool, _ zero: Int
  ) throws {
    var graph = FusionSample(seed: 11)
    let (inputs, outputs) = (40, 70)
    let x = graph.input("x", [3, 4, inputs])
    let values = (0..<inputs * outputs).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ $0 / 7) }
    let type: ONNXElementType = isSigned ? .int8 : .uint8
    let weights = graph.constant([inputs, outputs], type, values)
    let channels = isPerOutput ? outputs : 1
    let scales = graph.constant(
      isPerOutput ? [outputs] : [], (0..<channels).map { 0.01 + Float($0) / 5000 })
    let zeros = graph.constant(
      isPerOutput ? [outputs] : [], type, Array(repeating: UInt8(zero), count: channels))
    let bytes = graph.add("DynamicQuantizeLinear", x, outputs: ["q", "s", "z"])
    let sums = graph.add("MatMulInteger", bytes, weights, "z", zeros)
    let product = graph.add(
      "Mul", graph.add("Cast", sums, with: ["to": .int(1)]), graph.add("Mul", "s", scales))
    let y = graph.add("Add", product, graph.random([outputs]))
    // The graph rounds by the whole tensor's range, the fused product by each row's.
    try graph.check([y], steps: 1, tolerance: 0.02)
    try exact(graph, y, values, isSigned, zero)
  }

  /// Against the product of exact weights, whose rows are rounded less than by the graph.
  private func exact(
    _ graph: FusionSample, _ y: String, _ bytes: [UInt8], _ isSigned: Bool, _ zero: Int
  ) throws {
    var plain = graph
    plain.nodes = []
    let scales = graph.constants[1]
    let factors = try GraphTensor.make(scales, GraphSamples.budget).values(Float.self).array
    let outputs = bytes.count / 40
    let weights = bytes.indices.map { place -> Float in
      let byte = isSigned ? Int(Int8(bitPattern: bytes[place])) : Int(bytes[place])
      return Float(byte - zero) * factors[factors.count == 1 ? 0 : place % outputs]
    }
    let name = plain.constant([40, outputs], weights)
    let product = plain.add("MatMul", "x", name)
    let sum = plain.add("Add", product, graph.constants[3].name)
    let wanted = try plain.run(plain.plan([sum], nil))[0].values
    let options = FusionOptions(processor: try .init(threads: 1))
    let found = try graph.run(graph.plan([y], options))[0].values
    let largest = wanted.map(abs).max() ?? 0
    let error = zip(wanted, found).map { abs($0 - $1) }.max() ?? 0
    #expect(error <= 0.012 * largest)
  }

  @Test func whatCannotBePackedIsComputedAsItIs() throws {
    var graph = FusionSample(seed: 13)
    let x = graph.input("x", [3, 2])
    let weights = graph.constant([2, 2], [1, .infinity, 0.5, 2])
    let y = graph.add("Clip", graph.add("MatMul", x, weights), "", graph.constant([], [4]))
    let z = graph.add("Clip", y, graph.constant([], [-4]))
    let plan = try graph.plan([z], FusionOptions(processor: try .init(threads: 1)))
    #expect(plan.steps.contains { $0.operation is MatMul })
    #expect(try graph.run(plan)[0].values == graph.run(graph.plan([z], nil))[0].values)
  }

  @Test func floatsAreQuantizedIfAsked() throws {
    var graph = FusionSample(seed: 12)
    let x = graph.input("x", [3, 4, 64])
    let y = graph.add("MatMul", x, graph.random([64, 70]))
    try graph.check([y], steps: 1, tolerance: 0.02, .dynamic)
  }
}
