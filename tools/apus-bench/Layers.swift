import Compute
import Glibc

/// Where the time of a layer goes: every operator of an encoder and of a language model by itself.
enum Layers {
  static let command = Command(
    name: "layers", summary: "operators of one layer: [--threads 1,2]", run: run)

  static func run(_ options: Options, _ report: inout Report) throws {
    let threads = try options.integers("threads", default: coreCount() > 1 ? [1, 2] : [1])
    for count in threads {
      let processor = try Processor(threads: count)
      for (batch, length) in [(1, 32), (32, 32), (1, 128), (8, 128)] {
        try encoder(processor, batch: batch, length: length, &report)
      }
      for (rows, position) in [(1, 128), (1, 1000), (128, 0), (512, 0)] {
        try llama(processor, rows: rows, position: position, &report)
      }
    }
  }

  /// One layer of MiniLM: 384 wide, 12 heads, 1536 inside.
  private static func encoder(
    _ processor: Processor, batch: Int, length: Int, _ report: inout Report
  ) throws {
    let rows = batch * length
    let width = 384
    let offsets = (0...batch).map { Int32($0 * length) }
    let x = filled(rows, width)
    let qkv = filled(rows, 3 * width)
    let inner = filled(rows, 4 * width)
    let out = FloatRows()
    let ones = [Float](repeating: 1, count: width)
    var table = Table(processor, "minilm batch=\(batch) length=\(length)")
    table.row("quantize \(width)", 0) { Activations().quantize(x, processor, .int8PerOutput) }
    table.row("quantize \(4 * width)", 0) {
      Activations().quantize(inner, processor, .int8PerOutput)
    }
    for (name, inputs, outputs, epilogue) in [
      ("qkv", width, 3 * width, Epilogue.store), ("projection", width, width, .add(x)),
      ("up + gelu", width, 4 * width, .gelu), ("down", 4 * width, width, .add(x)),
    ] {
      let matrix = try matrix(.int8PerOutput, outputs, inputs)
      let input = Activations()
      input.load(inputs == width ? x : inner)
      table.row(name, 2 * rows * inputs * outputs) {
        processor.multiply(input, by: matrix, into: out, epilogue: epilogue)
      }
    }
    table.row("attention", 4 * rows * length * width) {
      processor.attention(qkv: qkv, offsets: offsets, heads: 12, into: out)
    }
    table.row("layer norm ×2", 0) {
      processor.layerNorm(x, weight: ones, bias: ones, epsilon: 1e-12, into: out)
      processor.layerNorm(x, weight: ones, bias: ones, epsilon: 1e-12, into: out)
    }
    table.end(&report)
  }

  /// One layer of a Llama of 110 million parameters: 768 wide, 12 heads, 2048 inside.
  private static func llama(
    _ processor: Processor, rows: Int, position: Int, _ report: inout Report
  ) throws {
    let width = 768
    let inner = 2048
    let blocks = (position + rows + 15) / 16
    let x = filled(rows, width)
    let qkv = filled(rows, 3 * width)
    let wide = filled(rows, inner)
    let out = FloatRows()
    let ones = [Float](repeating: 1, count: width)
    let cache = try KVCache(
      layers: 1, heads: 12, headSize: 64, blocks: blocks, precision: .f16, in: SlabArena())
    var batch = AttentionBatch(blockCount: blocks)
    try batch.append(count: rows, position: position, blocks: (0..<blocks).map { Int32($0) })
    let rotary = RotaryTable(
      dimensions: 64, base: 10000, positions: position + rows, pairing: .adjacent)
    var table = Table(processor, "llama-110m rows=\(rows) position=\(position)")
    table.row("quantize \(width)", 0) { Activations().quantize(x, processor, .int8PerBlock) }
    table.row("quantize \(inner)", 0) { Activations().quantize(wide, processor, .int8PerBlock) }
    for (name, inputs, outputs, epilogue) in [
      ("qkv", width, 3 * width, Epilogue.store), ("projection", width, width, .add(x)),
      ("gate", width, inner, .store), ("up · silu", width, inner, .siluGate(wide)),
      ("down", inner, width, .add(x)),
    ] {
      let matrix = try matrix(.int8PerBlock, outputs, inputs)
      let input = Activations()
      input.load(inputs == width ? x : wide)
      table.row(name, 2 * rows * inputs * outputs) {
        processor.multiply(input, by: matrix, into: out, epilogue: epilogue)
      }
    }
    table.row("rotate", 0) {
      for column in [0, width] {
        processor.rotate(
          qkv, column: column, heads: 12, headSize: 64, positions: batch.positions, table: rotary)
      }
    }
    table.row("store", 0) {
      processor.store(
        qkv, keyColumn: width, valueColumn: 2 * width, batch: batch, layer: 0, cache: cache)
    }
    table.row("attention", 4 * rows * (position + rows / 2) * width) {
      processor.attention(queries: qkv, heads: 12, batch: batch, layer: 0, cache: cache, into: out)
    }
    table.row("rms norm ×2", 0) {
      processor.rmsNorm(x, weight: ones, epsilon: 1e-5, into: out)
      processor.rmsNorm(x, weight: ones, epsilon: 1e-5, into: out)
    }
    table.end(&report)
  }

  /// Times of operators, and their sum.
  private struct Table {
    let processor: Processor
    let work: String
    var rows: [(name: String, time: Double)] = []

    init(_ processor: Processor, _ work: String) {
      self.processor = processor
      self.work = work
      print("\n\(work), \(processor.threads) threads")
    }

    mutating func row(_ name: String, _ operations: Int, _ body: () -> Void) {
      let time = bestTime(rounds: 40, body)
      rows.append((name, time))
      let rate = operations > 0 ? fixed(Double(operations) / time * 1e-9) + " GOPS" : ""
      print(
        "  " + column(name, 16, left: true) + column(fixed(time * 1e6, 1), 9) + " µs"
          + column(rate, 12))
    }

    func end(_ report: inout Report) {
      let sum = rows.reduce(0) { $0 + $1.time }
      print("  " + column("layer", 16, left: true) + column(fixed(sum * 1e6, 1), 9) + " µs")
      for row in rows + [("layer", sum)] {
        report.add(
          "apus", "\(work) \(row.name)", threads: processor.threads, "µs", row.time * 1e6)
      }
      fflush(nil)
    }
  }

  private static func filled(_ rows: Int, _ columns: Int) -> FloatRows {
    FloatRows(
      rows: rows, columns: columns,
      (0..<rows * columns).map { Float(($0 * 7919) % 2001) / 1000 - 1 })
  }

  private static func matrix(
    _ kind: PackedMatrix.Kind, _ outputs: Int, _ inputs: Int
  ) throws -> PackedMatrix {
    if kind == .int8PerBlock {
      let bytes = (0..<outputs * inputs / 32 * 34).map {
        $0 % 34 < 2 ? 0x1c : UInt8(truncatingIfNeeded: $0 &* 7919)
      }
      return try PackedMatrix(
        unsafe bytes.span.bytes, as: .q8_0, kind: kind, outputs: outputs, inputs: inputs,
        in: SlabArena())
    }
    let floats = (0..<outputs * inputs).map { Float(($0 &* 7919) % 2001) / 1000 - 1 }
    return try PackedMatrix(
      unsafe floats.span.bytes, as: .f32, kind: kind, outputs: outputs, inputs: inputs,
      bias: [Float](repeating: 0.1, count: outputs), in: SlabArena())
  }
}

extension Activations {
  /// Quantizes the rows as matrices of the kind take them.
  fileprivate func quantize(_ rows: FloatRows, _ processor: Processor, _ kind: PackedMatrix.Kind) {
    load(rows)
    switch kind {
    case .int8PerBlock: _ = quantizedPerBlock(processor)
    default: _ = quantizedPerRow(processor)
    }
  }
}
