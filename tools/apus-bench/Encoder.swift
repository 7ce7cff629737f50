import Compute
import Glibc
import Inference
import Models

/// Sentences a second of all-MiniLM-L6-v2 in int8, beside ONNX Runtime's dynamic int8.
enum Encoder {
  static let command = Command(
    name: "encoder",
    summary: "minilm: --model FOLDER [--peer COMMAND] [--threads 1,2] [--lengths 32,128] "
      + "[--batches 1,8,32] [--rounds 5] [--piece 1024]", run: run)

  static func run(_ options: Options, _ report: inout Report) throws {
    guard let folder = options["model"] else {
      throw BenchError("--model FOLDER is missing: a folder with config.json and model.safetensors")
    }
    let threads = try options.integers("threads", default: coreCount() > 1 ? [1, 2] : [1])
    let rounds = try options.integers("rounds", default: [5])[0]
    let peer = try options["peer"].map { command throws(BenchError) in try Peer(command) }
    if let peer {
      guard let name = peer.line() else { throw BenchError("the peer did not start") }
      print("peer: \(name), dynamic int8")
    }
    let model = try EncoderModel(folder: folder)
    print("sentences/s, median (best) of \(rounds) alternating rounds")
    print("threads length batch             apus             onnx   ratio")
    for count in threads {
      let backend = try EncoderBackend(
        model, processor: Processor(threads: count),
        pieceTokens: options.integers("piece", default: [EncoderBackend.defaultPieceTokens])[0])
      for length in try options.integers("lengths", default: [32, 128]) {
        for batch in try options.integers("batches", default: [1, 8, 32]) {
          let inputs = (0..<batch).map { tokens(text: $0, length: length) }
          let work = Work(threads: count, length: length, batch: batch)
          try measure(work, rounds, peer, &report) { _ = try backend.compute(inputs) }
        }
      }
    }
  }

  /// Any words; the time does not depend on which.
  private static func tokens(text: Int, length: Int) -> [Int32] {
    var tokens: [Int32] = []
    for position in 0..<length {
      tokens.append(Int32(1000 + (text * 7919 + position * 104_729) % 29_000))
    }
    return tokens
  }

  private struct Work {
    let threads: Int
    let length: Int
    let batch: Int
    var name: String { "minilm length=\(length) batch=\(batch)" }
  }

  private static func measure(
    _ work: Work, _ rounds: Int, _ peer: Peer?, _ report: inout Report, _ body: () throws -> Void
  ) throws {
    let span = 0.3
    var ours = Rates()
    var theirs = Rates()
    for _ in 0..<rounds {
      ours.add(try callsPerSecond(span, body) * Double(work.batch))
      if let peer {
        theirs.add(try peer.ask("\(work.batch) \(work.length) \(work.threads) \(span)"))
      }
    }
    report.add("apus", work.name, threads: work.threads, "sentences/s", ours.median)
    report.add("apus", work.name, threads: work.threads, "sentences/s best", ours.best)
    var line =
      column("\(work.threads)", 7) + column("\(work.length)", 7) + column("\(work.batch)", 6)
      + column("\(fixed(ours.median)) (\(fixed(ours.best)))", 17)
    if peer != nil {
      report.add("onnxruntime", work.name, threads: work.threads, "sentences/s", theirs.median)
      report.add("onnxruntime", work.name, threads: work.threads, "sentences/s best", theirs.best)
      line +=
        column("\(fixed(theirs.median)) (\(fixed(theirs.best)))", 17)
        + column(fixed(ours.median / theirs.median, 2), 8)
        + " (\(fixed(ours.best / theirs.best, 2)))"
    }
    print(line)
    fflush(nil)
  }
}

/// Calls a second over at least `span` seconds, after one that is not counted.
func callsPerSecond(_ span: Double, _ body: () throws -> Void) rethrows -> Double {
  try body()
  let start = seconds()
  var calls = 0
  repeat {
    try body()
    calls += 1
  } while seconds() - start < span
  return Double(calls) / (seconds() - start)
}
