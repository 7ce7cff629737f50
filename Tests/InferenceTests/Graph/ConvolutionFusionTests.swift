import Compute
import Models
import Testing

@testable import Inference

/// Convolutions in fp32, fused and not.
@Suite struct ConvolutionFusionTests {
  private func conv(
    _ graph: inout FusionSample, _ x: String, _ channels: Int, _ outputs: Int, _ kernel: Int = 3,
    stride: Int64 = 1, groups: Int = 1, pads: [Int64] = [1, 1, 1, 1], dilation: Int64 = 1
  ) -> String {
    let weights = graph.random([outputs, channels / groups, kernel, kernel], 0.3)
    return graph.add(
      "Conv", x, weights, graph.random([outputs]),
      with: [
        "strides": .ints([stride, stride]), "pads": .ints(pads), "group": .int(Int64(groups)),
        "dilations": .ints([dilation, dilation]),
      ])
  }

  private func normalized(_ graph: inout FusionSample, _ x: String, _ channels: Int) -> String {
    let variance = graph.floats(channels).map { abs($0) + 0.1 }
    return graph.add(
      "BatchNormalization", x, graph.random([channels]), graph.random([channels]),
      graph.random([channels]), graph.constant([channels], variance))
  }

  @Test(
    arguments: [
      (3, 70, 7, 2, 3, 1), (20, 64, 3, 1, 1, 1), (20, 5, 1, 1, 0, 1), (20, 33, 1, 2, 0, 1),
      (17, 9, 3, 2, 2, 2), (4, 8, 5, 1, 0, 1),
    ])
  func takesNormalizationAndRange(
    _ channels: Int, _ outputs: Int, _ kernel: Int, _ stride: Int, _ pad: Int, _ dilation: Int
  ) throws {
    var graph = FusionSample(seed: 31)
    graph.isOpen = false
    let x = graph.input("x", [2, channels, 13, 11])
    let pads = [Int64](repeating: Int64(pad), count: 4)
    var y = conv(
      &graph, x, channels, outputs, kernel, stride: Int64(stride), pads: pads,
      dilation: Int64(dilation))
    y = normalized(&graph, y, outputs)
    y = graph.add("Mul", graph.random([outputs, 1, 1]), y)
    y = graph.add("Add", y, graph.random([1, outputs, 1, 1]))
    y = graph.add("Clip", y, graph.constant([], [-1]), graph.constant([], [2]))
    try graph.check([y], steps: 1)
  }

  /// Groups of any width, with what follows them; more than one block, and blocks of several.
  @Test(
    arguments: [
      (4, 32, 32), (2, 24, 24), (32, 128, 128), (3, 15, 21), (8, 8, 24), (6, 6, 12), (2, 140, 256),
      (5, 320, 5),
    ])
  func takesGroups(_ groups: Int, _ channels: Int, _ outputs: Int) throws {
    for kernel in [1, 3] {
      var graph = FusionSample(seed: 37)
      graph.isOpen = false
      let x = graph.input("x", [2, channels, 9, 7])
      let pads = [Int64](repeating: kernel == 1 ? 0 : 1, count: 4)
      var y = conv(&graph, x, channels, outputs, kernel, groups: groups, pads: pads)
      y = graph.add("Add", normalized(&graph, y, outputs), graph.input("z", [2, outputs, 9, 7]))
      y = graph.add("Relu", y)
      try graph.check([y], steps: 1)
    }
  }

  /// An infinity in a channel of one group reaches no other.
  @Test func groupsSeeNothingOfEachOther() throws {
    var graph = FusionSample(seed: 39)
    graph.isOpen = false
    let x = graph.input("x", [1, 8, 5, 5])
    let y = conv(&graph, x, 8, 8, groups: 4)
    graph.inputs[0].values[12] = .infinity
    graph.inputs[0].values[13] = .nan
    let options = FusionOptions(processor: try Processor(threads: 1))
    let answers = try graph.run(graph.plan([y], options))
    let perGroup = 2 * 25
    #expect(answers[0].values[..<perGroup].contains { !$0.isFinite })
    let others = answers[0].values[perGroup...].filter { !$0.isFinite }
    #expect(others.isEmpty)
  }

  /// Beside layers that keep images channels last, and where weights become bytes.
  @Test func groupsKeepTheLayout() throws {
    var graph = FusionSample(seed: 38)
    graph.isOpen = false
    let x = graph.input("x", [2, 24, 13, 11])
    let first = graph.add("Relu", conv(&graph, x, 24, 48))
    let second = graph.add("Relu", conv(&graph, first, 48, 48, stride: 2, groups: 6))
    let y = conv(&graph, second, 48, 70, 1, pads: [0, 0, 0, 0])
    try graph.check([y], steps: 3)
    try graph.check([y], steps: 3, tolerance: 0.02, .dynamic)
  }

  /// A residual block with weights in bytes is near the floats'; a channel by itself stays floats.
  @Test(arguments: [3, 24]) func weightsOfBytesAreNear(_ channels: Int) throws {
    var graph = FusionSample(seed: 35)
    graph.isOpen = false
    let x = graph.input("x", [2, channels, 13, 11])
    let first = graph.add("Relu", normalized(&graph, conv(&graph, x, channels, 48), 48))
    let own = conv(&graph, first, 48, 48, groups: 48)
    let second = conv(&graph, own, 48, 48, 1, pads: [0, 0, 0, 0])
    let y = graph.add("Relu", graph.add("Add", second, first))
    try graph.check([y], steps: 3, tolerance: 0.02, .dynamic)
  }

  @Test(arguments: [1, 2] as [Int64]) func eachChannelByItself(_ stride: Int64) throws {
    var graph = FusionSample(seed: 32)
    graph.isOpen = false
    let x = graph.input("x", [2, 75, 9, 8])
    let y = conv(&graph, x, 75, 75, stride: stride, groups: 75, pads: [1, 0, 1, 2])
    let z = graph.add("Relu", y)
    try graph.check([z], steps: 1)
  }

  /// One output from each many channels: a panel would be zeros but for a sixty-fourth.
  @Test func groupsThatWouldTakeFarMoreMemoryStayAsTheyAre() throws {
    var graph = FusionSample(seed: 33)
    graph.isOpen = false
    let x = graph.input("x", [1, 32768, 3, 2])
    let y = graph.add("Relu", conv(&graph, x, 32768, 1024, groups: 1024))
    try graph.check([y], steps: 2)
  }

  /// A block of a residual network, with all that stands around one.
  @Test func networksStayChannelsLast() throws {
    var graph = FusionSample(seed: 34)
    graph.isOpen = false
    let image = graph.input("image", [2, 3, 24, 20])
    var x = graph.add(
      "Relu", conv(&graph, image, 3, 24, 7, stride: 2, pads: [3, 3, 3, 3]))
    x = graph.add(
      "MaxPool", x,
      with: [
        "kernel_shape": .ints([3, 3]), "strides": .ints([2, 2]), "pads": .ints([1, 1, 1, 1]),
      ])
    let short = conv(&graph, x, 24, 32, 1, stride: 2, pads: [0, 0, 0, 0])
    let inner = graph.add("Relu", conv(&graph, x, 24, 32, stride: 2))
    let sum = graph.add("Add", conv(&graph, inner, 32, 32), short)
    let block = graph.add("Relu", sum)
    let gate = graph.add("HardSigmoid", graph.add("GlobalAveragePool", block))
    let gated = graph.add("Mul", block, gate)
    let both = graph.add("Concat", gated, inner, with: ["axis": .int(1)])
    let mean = graph.add("GlobalAveragePool", both)
    let flat = graph.add("Flatten", mean)
    let y = graph.add("Gemm", flat, graph.random([64, 10]))
    // Four convolutions, three pools, three steps of elements, Flatten, Gemm.
    try graph.check([y], steps: 12)
    let plan = try graph.plan([y], FusionOptions(processor: try Processor(threads: 1)))
    let layouts = plan.steps.compactMap { $0.operation as? any ImageOperator }
    #expect(layouts.count == 7)
    for layout in layouts.dropFirst() { #expect(!layout.takesLast.contains(false)) }
    for layout in layouts.dropLast() { #expect(layout.givesLast) }
  }

  @Test func whatOthersSeeIsPlanes() throws {
    var graph = FusionSample(seed: 35)
    graph.isOpen = false
    let x = graph.input("x", [1, 20, 6, 5])
    let a = conv(&graph, x, 20, 24)
    let b = conv(&graph, a, 24, 24)
    let turned = graph.add("Transpose", a, with: ["perm": .ints([0, 2, 3, 1])])
    try graph.check([turned, b], steps: 3)
    // What is added is stretched.
    let row = graph.input("row", [1, 24, 1, 5])
    let y = graph.add("Relu", graph.add("Add", b, row))
    try graph.check([turned, y], steps: 3)
  }
}
