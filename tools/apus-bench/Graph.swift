import Compute
import Glibc
import Inference
import Models

/// Runs a second of any ONNX model as the server plans it, beside ONNX Runtime and OpenVINO.
enum Graph {
  static let command = Command(
    name: "graph",
    summary: "any model.onnx: --model FILE --sizes \"batch=1 length=32;batch=8 length=32\" "
      + "[--beside FILE] [--peer COMMAND] [--second-peer COMMAND] [--threads 1,2] [--rounds 5] "
      + "[--quantize dynamic] [--fused no]",
    run: run)

  static func run(_ options: Options, _ report: inout Report) throws {
    guard let path = options["model"] else { throw BenchError("--model FILE is missing") }
    let threads = try options.integers("threads", default: coreCount() > 1 ? [1, 2] : [1])
    let rounds = try options.integers("rounds", default: [5])[0]
    var peers: [(name: String, process: Peer)] = []
    for option in ["peer", "second-peer"] {
      guard let command = options[option] else { continue }
      let peer = try Peer(command)
      guard let name = peer.line() else { throw BenchError("the peer did not start") }
      print("peer: \(name)")
      peers.append((String(name.prefix { $0 != " " }), peer))
    }
    let paths = [path] + (options["beside"].map { [$0] } ?? [])
    let models = try paths.map { path in
      (title: path.split(separator: "/").last.map(String.init) ?? path,
        model: try ONNXModel(path: path, support: OperatorRegistry.standard))
    }
    print("runs/s of \(models[0].title), median (best) of \(rounds) alternating rounds")
    let others = models.dropFirst().map(\.title) + peers.map(\.name)
    let heads = others.map { column($0, 19) + "   ratio" }.joined()
    print("threads sizes                                 apus" + heads)
    for count in threads {
      let processor = try Processor(threads: count)
      let fusions = FusionOptions(
        processor: processor, quantization: options["quantize"] == "dynamic" ? .dynamic : .none)
      let budget = MemoryBudget(limit: 16 << 30)
      let plans = try models.map { _, model in
        try GraphPlan(model, budget: budget, fusions: options["fused"] == "no" ? nil : fusions)
      }
      for sizes in (options["sizes"] ?? "").split(separator: ";", omittingEmptySubsequences: false)
      {
        let runs = try zip(models, plans).map { model, plan in
          let inputs = try plan.inputs.map { try sample($0, sizes: named(sizes), budget) }
          let context = GraphContext(budget: budget, processor: processor)
          return (name: model.title, run: { _ = try plan.run(inputs, context) })
        }
        let work = Work(runs: runs, sizes: String(sizes), threads: count)
        try measure(work, rounds, peers, &report)
      }
    }
  }

  /// `batch=1 length=32` by name.
  private static func named(_ text: Substring) throws -> [String: Int] {
    var sizes: [String: Int] = [:]
    for part in text.split(separator: " ") {
      let sides = part.split(separator: "=")
      guard sides.count == 2, let size = Int(sides[1]) else {
        throw BenchError("--sizes takes name=number, not '\(part)'")
      }
      sizes[String(sides[0])] = size
    }
    return sizes
  }

  /// Any values that an input may have: masks of ones, ids within a small vocabulary, pixels.
  private static func sample(
    _ input: GraphPlan.Input, sizes: [String: Int], _ budget: MemoryBudget
  ) throws -> GraphValue {
    guard case .tensor(let type, let dimensions?)? = input.type else {
      throw BenchError("the input \(input.name) has no shape")
    }
    let shape = try dimensions.map { dimension in
      switch dimension {
      case .fixed(let size): return size
      case .symbolic(let name):
        guard let size = sizes[name] else { throw BenchError("--sizes lacks \(name)") }
        return size
      case .unknown: return 1
      }
    }
    let count = shape.reduce(1, *)
    let isMask = input.name.contains("mask")
    let numbers = (0..<count).map { index in
      isMask ? 1 : input.name.contains("type") ? 0 : 1 + index &* 7919 % 997
    }
    let bytes: [UInt8]
    switch type {
    case .int64: bytes = numbers.flatMap { raw(Int64($0)) }
    case .int32: bytes = numbers.flatMap { raw(Int32($0)) }
    case .float: bytes = numbers.flatMap { raw((Float($0) / 500 - 1).bitPattern) }
    default: throw BenchError("the input \(input.name) is \(type.name)")
    }
    return .tensor(try GraphTensor.make(type, shape, bytes: bytes, budget))
  }

  private static func raw<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number(8 * $0)) }
  }

  /// Models at some sizes: the peers run the first.
  private struct Work {
    let runs: [(name: String, run: () throws -> Void)]
    let sizes: String
    let threads: Int
  }

  private static func measure(
    _ work: Work, _ rounds: Int, _ peers: [(name: String, process: Peer)], _ report: inout Report
  ) throws {
    let span = 0.5
    var ours = work.runs.map { _ in Rates() }
    var theirs = peers.map { _ in Rates() }
    for _ in 0..<rounds {
      for (index, run) in work.runs.enumerated() {
        ours[index].add(try callsPerSecond(span, run.run))
      }
      for (index, peer) in peers.enumerated() {
        theirs[index].add(try peer.process.ask("\(work.threads) \(span) \(work.sizes)"))
      }
    }
    for (run, rates) in zip(work.runs, ours) {
      report.add(
        "apus", "\(run.name) \(work.sizes)", threads: work.threads, "runs/s", rates.median)
    }
    for (peer, rates) in zip(peers, theirs) {
      report.add(
        peer.name, "\(work.runs[0].name) \(work.sizes)", threads: work.threads, "runs/s",
        rates.median)
    }
    let first = ours[0]
    let others = (ours.dropFirst() + theirs).map { rates in
      column("\(fixed(rates.median, 1)) (\(fixed(rates.best, 1)))", 19)
        + column(fixed(first.median / rates.median, 2), 8)
    }
    print(
      column("\(work.threads)", 7) + " " + column(work.sizes, 25, left: true)
        + column("\(fixed(first.median, 1)) (\(fixed(first.best, 1)))", 17) + others.joined())
    fflush(nil)
  }
}
