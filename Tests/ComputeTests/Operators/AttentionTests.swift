import Compute
import Foundation
import Testing

@Suite struct AttentionTests {
  static let lengths: [Int32] = [1, 2, 7, 16, 17, 33, 64, 65, 130]

  static func offsets(_ lengths: [Int32]) -> [Int32] {
    lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
  }

  @Test(arguments: vectorTiers, [(1, 8), (2, 24), (3, 32), (2, 64), (1, 80)])
  func encoderAgreesWithTheOracle(tier: KernelTier, shape: (heads: Int, size: Int)) throws {
    let offsets = Self.offsets(Self.lengths)
    let rows = Int(offsets[offsets.count - 1])
    let qkv = FloatRows(random: rows, 3 * shape.heads * shape.size, seed: 1, magnitude: 2)
    let expected = FloatRows()
    let found = FloatRows()
    try Processor(threads: 1, tier: .scalar).attention(
      qkv: qkv, offsets: offsets, heads: shape.heads, into: expected)
    try Processor(threads: 2, tier: tier).attention(
      qkv: qkv, offsets: offsets, heads: shape.heads, into: found)
    #expect(distance(found, expected) < 3e-6)
  }

  @Test(arguments: tiersHere)
  func encoderSequencesDoNotSeeEachOther(tier: KernelTier) throws {
    let offsets = Self.offsets(Self.lengths)
    let rows = Int(offsets[offsets.count - 1])
    let qkv = FloatRows(random: rows, 3 * 64, seed: 2)
    let whole = FloatRows()
    try Processor(threads: 3, tier: tier).attention(
      qkv: qkv, offsets: offsets, heads: 2, into: whole)
    let single = try Processor(threads: 1, tier: tier)
    for index in 0..<Self.lengths.count {
      let range = Int(offsets[index])..<Int(offsets[index + 1])
      let part = FloatRows()
      single.attention(
        qkv: qkv.part(range), offsets: [0, Self.lengths[index]], heads: 2, into: part)
      #expect(part.bits == whole.part(range).bits)
    }
  }

  /// softmax(scale · q·k + mask) · v in f64, whatever sequences, heads and queries share of it.
  @Test(arguments: tiersHere, 0..<8)
  func masksAreAddedToTheScores(tier: KernelTier, shared: Int) throws {
    let (sequences, heads, size, length) = (3, 2, 24, 19)
    let width = heads * size
    let has = (shared & 1 == 0, shared & 2 == 0, shared & 4 == 0)
    let given = (has.0 ? sequences : 1, has.1 ? heads : 1, has.2 ? length : 1)
    let part = { (seed: UInt64) in FloatRows(random: sequences * length, width, seed: seed) }
    let (query, key, value) = (part(3), part(4), part(5))
    let mask = FloatRows(random: given.0 * given.1 * given.2, length, seed: 6, magnitude: 3)
    // As exporters hide a key: from every query that shares the row.
    for row in 0..<mask.rows { mask[row, row % (length - 1)] = -.greatestFiniteMagnitude }
    let found = FloatRows()
    try Processor(threads: 2, tier: tier).attention(
      AttentionRows(query: query, key: key, value: value), width: width,
      offsets: Self.offsets(Array(repeating: Int32(length), count: sequences)), heads: heads,
      scale: 0.3, mask: ScoreMask(mask, sequences: given.0, heads: given.1, queries: given.2),
      into: found)
    let expected = FloatRows(rows: sequences * length, columns: width)
    for (sequence, head, place) in triples(sequences, heads, length) {
      let columns = head * size..<(head + 1) * size
      let row = sequence * length + place
      let maskRow =
        ((has.0 ? sequence : 0) * given.1 + (has.1 ? head : 0)) * given.2 + (has.2 ? place : 0)
      let scores = (0..<length).map { other in
        let product = zip(query.row(row)[columns], key.row(sequence * length + other)[columns])
          .reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        return product * 0.3 + Double(mask[maskRow, other])
      }
      let largest = scores.max() ?? 0
      let weights = scores.map { exp($0 - largest) }
      let sum = weights.reduce(0, +)
      for column in columns {
        let total = (0..<length).reduce(0.0) {
          $0 + weights[$1] * Double(value[sequence * length + $1, column])
        }
        expected[row, column] = Float(total / sum)
      }
    }
    #expect(distance(found, expected) < 3e-6)
  }

  private func triples(_ a: Int, _ b: Int, _ c: Int) -> [(Int, Int, Int)] {
    (0..<a * b * c).map { ($0 / (b * c), $0 / c % b, $0 % c) }
  }

  /// A step over several sequences: rows of random queries, keys and values side by side.
  struct Step {
    var batch: AttentionBatch
    var rows: FloatRows
  }

  static let heads = 6, kvHeads = 2

  /// Runs the steps one after the other on a fresh cache; outputs of each.
  private func run(
    _ steps: [Step], tier: KernelTier, threads: Int, size: Int, precision: KVCache.Precision
  ) throws -> [FloatRows] {
    let processor = try Processor(threads: threads, tier: tier)
    let cache = try KVCache(
      layers: 2, heads: Self.kvHeads, headSize: size, blocks: 64, precision: precision,
      in: SlabArena())
    return steps.map { step in
      let out = FloatRows()
      let queryWidth = Self.heads * size
      let width = Self.kvHeads * size
      for layer in 0..<2 {
        processor.store(
          step.rows, keyColumn: queryWidth, valueColumn: queryWidth + width, batch: step.batch,
          layer: layer, cache: cache)
      }
      processor.attention(
        queries: step.rows, heads: Self.heads, batch: step.batch, layer: 1, cache: cache, into: out)
      return out
    }
  }

  private static func step(
    _ parts: [(count: Int, position: Int, blocks: [Int32])], all: [FloatRows], sequences: [Int]
  ) throws -> Step {
    var batch = AttentionBatch(blockCount: 64)
    var values: [Float] = []
    for (part, sequence) in zip(parts, sequences) {
      try batch.append(count: part.count, position: part.position, blocks: part.blocks)
      for row in part.position..<part.position + part.count { values += all[sequence].row(row) }
    }
    return Step(
      batch: batch,
      rows: FloatRows(rows: batch.rows, columns: all[0].columns, values))
  }

  @Test(
    arguments: tiersHere,
    [(8, KVCache.Precision.f16), (64, .f16), (64, .f32), (40, .f32), (24, .f16)])
  func pagedRowsDoNotSeeTheirBatch(
    tier: KernelTier, shape: (size: Int, precision: KVCache.Precision)
  ) throws {
    let columns = (Self.heads + 2 * Self.kvHeads) * shape.size
    let all = (0..<3).map { FloatRows(random: 60, columns, seed: UInt64($0) + 30) }
    let tables: [[Int32]] = [[5, 1, 63, 20], [0, 2, 3, 4], [9, 8, 7, 6]]
    // Each sequence alone, all positions at once.
    let alone = try (0..<3).map { sequence in
      try run(
        [try Self.step([(60, 0, tables[sequence])], all: all, sequences: [sequence])],
        tier: tier, threads: 1, size: shape.size, precision: shape.precision)[0]
    }
    // Together: chunks of prompts beside single tokens, in other blocks.
    let plan: [[(Int, Int, Int)]] = [
      [(0, 0, 17), (1, 0, 5)], [(2, 0, 60)], [(0, 17, 1), (1, 5, 1)], [(1, 6, 40), (0, 18, 30)],
      [(0, 48, 12), (1, 46, 14)],
    ]
    let other: [[Int32]] = [[11, 12, 13, 14], [30, 29, 28, 27], [40, 41, 42, 43]]
    let steps = try plan.map { parts in
      try Self.step(
        parts.map { (count: $0.2, position: $0.1, blocks: other[$0.0]) }, all: all,
        sequences: parts.map(\.0))
    }
    for threads in [1, 3] {
      let outputs = try run(
        steps, tier: tier, threads: threads, size: shape.size, precision: shape.precision)
      for (parts, output) in zip(plan, outputs) {
        var row = 0
        for (sequence, position, count) in parts {
          #expect(
            output.part(row..<row + count).bits
              == alone[sequence].part(position..<position + count).bits)
          row += count
        }
      }
    }
  }

  @Test(arguments: vectorTiers, [(8, KVCache.Precision.f16), (64, .f16), (64, .f32), (40, .f32)])
  func pagedAgreesWithTheOracle(
    tier: KernelTier, shape: (size: Int, precision: KVCache.Precision)
  ) throws {
    let columns = (Self.heads + 2 * Self.kvHeads) * shape.size
    let all = [FloatRows(random: 60, columns, seed: 50, magnitude: 2)]
    let steps = [try Self.step([(60, 0, [5, 1, 63, 20])], all: all, sequences: [0])]
    let expected = try run(
      steps, tier: .scalar, threads: 1, size: shape.size, precision: shape.precision)[0]
    let found = try run(
      steps, tier: tier, threads: 2, size: shape.size, precision: shape.precision)[0]
    #expect(distance(found, expected) < 3e-6)
  }

  @Test func tablesAreChecked() {
    var batch = AttentionBatch(blockCount: 4)
    #expect(throws: ComputeError.self) { try batch.append(count: 17, position: 0, blocks: [0]) }
    #expect(throws: ComputeError.self) { try batch.append(count: 1, position: 0, blocks: [4]) }
    #expect(throws: ComputeError.self) { try batch.append(count: 1, position: 0, blocks: [-1]) }
    #expect(throws: ComputeError.self) { try batch.append(count: 0, position: 0, blocks: [0]) }
    #expect(batch.rows == 0)
  }
}
