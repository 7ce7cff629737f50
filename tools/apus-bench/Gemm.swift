import CBench
import Compute
import Glibc

/// int8 products against the dot-product peak that the same run measures, and against oneDNN.
enum Gemm {
  static let command = Command(
    name: "gemm",
    summary: "int8 products: [--threads 1,2] [--rows 1,4,…] [--sizes 384,768,…] "
      + "[--onednn libdnnl.so.3]", run: run)

  static func run(_ options: Options, _ report: inout Report) throws {
    let threads = try options.integers("threads", default: coreCount() > 1 ? [1, 2] : [1])
    let rows = try options.integers("rows", default: [1, 4, 8, 32, 128])
    let sizes = try options.integers("sizes", default: [384, 768, 1536, 2048])
    print(
      "kernel tier \(try KernelTier.selected().name); GOPS, and % of the peak measured beside it")
    for count in threads {
      let processor = try Processor(threads: count)
      let bandwidth = readBandwidth(processor)
      report.add("machine", "memory read", threads: count, "GB/s", bandwidth)
      print("\n\(count) thread\(count > 1 ? "s" : ""): memory \(fixed(bandwidth, 1)) GB/s")
      print("   K=N     M      peak     int8  %      Q8_0  %    oneDNN  %")
      for size in sizes {
        for row in rows {
          try measure(size, row, processor, onednn: options["onednn"], &report)
        }
      }
    }
  }

  private static func measure(
    _ size: Int, _ rows: Int, _ processor: Processor, onednn: String?, _ report: inout Report
  ) throws {
    let operations = 2e-9 * Double(rows) * Double(size) * Double(size)
    let work = "M=\(rows) N=\(size) K=\(size)"
    let peak = peakOperations(processor)
    report.add(
      "machine", "dot-product peak beside \(work)", threads: processor.threads, "GOPS", peak)
    var line = column("\(size)", 6) + column("\(rows)", 6) + column(fixed(peak), 10)
    for kind in [PackedMatrix.Kind.int8PerOutput, .int8PerBlock] {
      let time = bestTime(try product(kind, size, rows, processor))
      report.add(
        "apus", "\(kind == .int8PerBlock ? "q8_0" : "int8") \(work)", threads: processor.threads,
        "GOPS", operations / time)
      line += cell(operations / time, peak)
    }
    if let onednn {
      guard
        let peer = unsafe cb_onednn_create(onednn, rows, size, size, processor.threads)
      else { throw BenchError("no oneDNN 3.x at '\(onednn)'") }
      let time = bestTime { unsafe cb_onednn_multiply(peer) }
      unsafe cb_onednn_destroy(peer)
      report.add("onednn", "int8 \(work)", threads: processor.threads, "GOPS", operations / time)
      line += cell(operations / time, peak)
    } else {
      line += column("–", 10)
    }
    print(line)
    fflush(nil)
  }

  private static func cell(_ value: Double, _ peak: Double) -> String {
    let share = peak > 0 ? fixed(100 * value / peak) : "–"
    return column(fixed(value), 9) + column(share, 4)
  }

  /// A product with everything but the quantization of its input, which several products share.
  private static func product(
    _ kind: PackedMatrix.Kind, _ size: Int, _ rows: Int, _ processor: Processor
  ) throws -> () -> Void {
    var state: UInt64 = 1
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    let matrix: PackedMatrix
    if kind == .int8PerBlock {
      // Scale bytes stay small: 0x1c1c is 0.004 in f16.
      let bytes = (0..<size * size / 32 * 34).map {
        $0 % 34 < 2 ? 0x1c : UInt8(truncatingIfNeeded: random())
      }
      matrix = try PackedMatrix(
        unsafe bytes.span.bytes, as: .q8_0, kind: kind, outputs: size, inputs: size,
        in: SlabArena())
    } else {
      let floats = (0..<size * size).map { _ in Float(random() % 2001) / 1000 - 1 }
      matrix = try PackedMatrix(
        unsafe floats.span.bytes, as: .f32, kind: kind, outputs: size, inputs: size,
        in: SlabArena())
    }
    let x = FloatRows(
      rows: rows, columns: size, (0..<rows * size).map { _ in Float(random() % 2001) / 1000 - 1 })
    let input = Activations()
    let output = FloatRows()
    input.load(x)
    return { processor.multiply(input, by: matrix, into: output) }
  }

  /// Dot-product operations a second, in 10⁹, of all threads together.
  static func peakOperations(_ processor: Processor) -> Double {
    let rounds = 20_000
    let operations = cb_dot_product_operations(1)
    let time = bestTime(rounds: 20) {
      processor.run(parts: processor.threads) { _ in _ = cb_dot_product_operations(rounds) }
    }
    return operations * Double(rounds * processor.threads) / time * 1e-9
  }

  /// Memory read, in GB/s, of all threads together.
  static func readBandwidth(_ processor: Processor) -> Double {
    let bytes = 256 << 20
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 1, count: bytes)
    defer { unsafe memory.deallocate() }
    let parts = 16 * processor.threads
    let share = bytes / parts / 256 * 256
    let time = bestTime(rounds: 8) {
      processor.run(parts: parts) { part in
        unsafe _ = cb_read(memory + part * share, share)
      }
    }
    return Double(parts * share) / time * 1e-9
  }
}
