import Compute
import Glibc
import Inference
import Models

/// Tokens a second of a Llama model, beside llama.cpp on the same file.
enum Llm {
  static let command = Command(
    name: "llm",
    summary: "--model FILE.gguf [--llama-cpp BIN_FOLDER] [--threads 1,2] [--prefills 128,512] "
      + "[--sequences 1,4,8,16,32] [--rounds 3] [--pass 512]", run: run)

  /// Positions that a decoding sequence starts with, and tokens it then draws.
  private static let promptTokens = 64
  private static let drawnTokens = 64

  static func run(_ options: Options, _ report: inout Report) throws {
    guard let path = options["model"] else { throw BenchError("--model FILE.gguf is missing") }
    let threads = try options.integers("threads", default: coreCount() > 1 ? [1, 2] : [1])
    let prefills = try options.integers("prefills", default: [128, 512])
    let sequences = try options.integers("sequences", default: [1, 4, 8, 16, 32])
    let rounds = try options.integers("rounds", default: [3])[0]
    let peer = options["llama-cpp"].map { LlamaCpp(folder: $0, model: path) }
    let name = String(path.split(separator: "/").last ?? "")
    print("tokens/s of \(name), median (best) of \(rounds) alternating rounds")
    print("threads             work             apus        llama.cpp   ratio")
    for count in threads {
      let processor = try Processor(threads: count)
      let bandwidth = Gemm.readBandwidth(processor)
      report.add("machine", "memory read", threads: count, "GB/s", bandwidth)
      print("\(count) thread\(count > 1 ? "s" : ""): memory \(fixed(bandwidth, 1)) GB/s")
      let backend = try LlamaBackend(
        LlamaModel(path: path), processor: processor,
        limits: LlamaBackend.Limits(
          kvBytes: 512 << 20, contextLength: 1024,
          passRows: options.integers("pass", default: [LlamaBackend.Limits().passRows])[0]))
      for length in prefills {
        try compare(
          Work(model: name, what: "prefill \(length)", threads: count), rounds, &report,
          ours: { try prefill(backend, length) },
          theirs: peer.map { peer in { try peer.prefill(length, threads: count) } })
      }
      for number in sequences {
        try compare(
          Work(model: name, what: "decode \(number)", threads: count), rounds, &report,
          ours: { try decode(backend, number) },
          theirs: peer.map { peer in { try peer.decode(number, threads: count) } })
      }
    }
  }

  private struct Work {
    let model: String
    let what: String
    let threads: Int
  }

  private static func compare(
    _ work: Work, _ rounds: Int, _ report: inout Report, ours: () throws -> Double,
    theirs: (() throws -> Double)?
  ) throws {
    var own = Rates()
    var other = Rates()
    for _ in 0..<rounds {
      own.add(try ours())
      if let theirs { other.add(try theirs()) }
    }
    let name = "\(work.model) \(work.what)"
    report.add("apus", name, threads: work.threads, "tokens/s", own.median)
    report.add("apus", name, threads: work.threads, "tokens/s best", own.best)
    var line = column("\(work.threads)", 7) + column(work.what, 17)
    line += column("\(fixed(own.median)) (\(fixed(own.best)))", 17)
    if theirs != nil {
      report.add("llama.cpp", name, threads: work.threads, "tokens/s", other.median)
      report.add("llama.cpp", name, threads: work.threads, "tokens/s best", other.best)
      line += column("\(fixed(other.median)) (\(fixed(other.best)))", 17)
      line += column(fixed(own.median / other.median, 2), 8)
      line += " (\(fixed(own.best / other.best, 2)))"
    }
    print(line)
    fflush(nil)
  }

  /// One prompt; its logits are wanted for the last token only.
  private static func prefill(_ backend: LlamaBackend, _ length: Int) throws -> Double {
    let slice = SequenceSlice(
      tokens: tokens(length, sequence: 0), position: 0, blocks: blocks(backend, 0, length),
      sampler: Sampler(options: SamplingOptions()))
    let rate = try callsPerSecond(0.5) { _ = try backend.step([slice]) }
    return rate * Double(length)
  }

  /// All sequences together, a token each in every step, greedily drawn.
  private static func decode(_ backend: LlamaBackend, _ number: Int) throws -> Double {
    var slices = (0..<number).map { sequence in
      SequenceSlice(
        tokens: tokens(promptTokens, sequence: sequence), position: 0,
        blocks: blocks(backend, sequence, promptTokens + drawnTokens),
        sampler: Sampler(options: SamplingOptions()))
    }
    func step() throws {
      for (index, output) in try backend.step(slices).enumerated() {
        slices[index].position += slices[index].tokens.count
        slices[index].tokens = [output.token]
      }
    }
    try step()
    let start = seconds()
    for _ in 0..<drawnTokens - 1 { try step() }
    return Double((drawnTokens - 1) * number) / (seconds() - start)
  }

  private static func tokens(_ count: Int, sequence: Int) -> [Int32] {
    var tokens: [Int32] = []
    for index in 0..<count {
      tokens.append(Int32(300 + (sequence * 7919 + index * 13_007) % 30_000))
    }
    return tokens
  }

  private static func blocks(_ backend: LlamaBackend, _ sequence: Int, _ length: Int) -> [Int32] {
    let count = (length + backend.blockTokens - 1) / backend.blockTokens
    return (sequence * count..<(sequence + 1) * count).map { Int32($0) }
  }
}

/// llama.cpp's own benchmarks as processes of their own.
struct LlamaCpp {
  let folder: String
  let model: String

  func prefill(_ length: Int, threads: Int) throws(BenchError) -> Double {
    // CSV with a header line; the average is the column before the last.
    let lines = try output(
      "'\(folder)/llama-bench' -m '\(model)' -t \(threads) -p \(length) -n 0 -r 2 -o csv")
    let cells = lines.last?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    guard cells.count > 2, let rate = number(cells[cells.count - 2]) else {
      throw BenchError("llama-bench said: \(lines.last ?? "nothing")")
    }
    return rate
  }

  func decode(_ sequences: Int, threads: Int) throws(BenchError) -> Double {
    // | PP | TG | B | N_KV | T_PP s | S_PP t/s | T_TG s | S_TG t/s | T s | S t/s |
    var lines: [String] = []
    // Now and then it ends without its row; a second run then has it.
    for _ in 0..<3 {
      lines = try output(
        "'\(folder)/llama-batched-bench' -m '\(model)' -t \(threads) -tb \(threads) -c 8192 "
          + "-npp 64 -ntg 64 -npl \(sequences)")
      for line in lines.reversed() {
        let cells = line.split(separator: "|").map { $0.split(separator: " ").joined() }
        if cells.count == 10, let rate = Double(cells[7]) { return rate }
      }
    }
    throw BenchError("llama-batched-bench said: \(lines.last ?? "nothing")")
  }

  private func number(_ cell: Substring) -> Double? {
    Double(cell.filter { $0 != "\"" })
  }

  /// What the command prints, by lines.
  private func output(_ command: String) throws(BenchError) -> [String] {
    let process = try Peer(command + " 2>/dev/null")
    var lines: [String] = []
    while let line = process.line() {
      if !line.isEmpty { lines.append(line) }
    }
    return lines
  }
}
