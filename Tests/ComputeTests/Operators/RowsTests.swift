import CKernels
import Compute
import Foundation
import TestSupport
import Testing

@Suite struct RowsTests {
  static let widths = [1, 3, 8, 15, 16, 17, 31, 64, 100, 384, 1023]

  typealias Operator = @Sendable (Processor, FloatRows, FloatRows) -> Void
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let apply: Operator
  }

  static let operators: [Case] = [
    Case(testDescription: "layerNorm") { processor, x, out in
      var random = SeededGenerator(seed: 20)
      processor.layerNorm(
        x, weight: random.floats(x.columns), bias: random.floats(x.columns), epsilon: 1e-12,
        into: out)
    },
    Case(testDescription: "rmsNorm") { processor, x, out in
      var random = SeededGenerator(seed: 21)
      processor.rmsNorm(x, weight: random.floats(x.columns), epsilon: 1e-5, into: out)
    },
    Case(testDescription: "softmax") { $0.softmax($1, into: $2) },
  ]

  @Test(arguments: vectorTiers, operators)
  func tiersAgreeWithTheOracle(tier: KernelTier, operation: Case) throws {
    let oracle = try Processor(threads: 1, tier: .scalar)
    let processor = try Processor(threads: 1, tier: tier)
    for width in Self.widths where width > 1 || operation.testDescription != "layerNorm" {
      for magnitude: Float in [0.01, 1, 8] {
        let x = FloatRows(random: 3, width, seed: UInt64(width), magnitude: magnitude)
        let expected = FloatRows()
        let found = FloatRows()
        operation.apply(oracle, x, expected)
        operation.apply(processor, x, found)
        #expect(distance(found, expected) < 4e-6, "width \(width) magnitude \(magnitude)")
      }
    }
  }

  @Test(arguments: tiersHere, operators)
  func rowsDoNotSeeTheirBatch(tier: KernelTier, operation: Case) throws {
    let x = FloatRows(random: 40, 381, seed: 1)
    let whole = FloatRows()
    operation.apply(try Processor(threads: 1, tier: tier), x, whole)
    let shared = try Processor(threads: 3, tier: tier)
    for range in [0..<40, 0..<1, 7..<8, 39..<40, 3..<17] {
      let part = FloatRows()
      operation.apply(shared, x.part(range), part)
      #expect(part.bits == whole.part(range).bits)
    }
  }

  @Test(arguments: vectorTiers)
  func softmaxBearsExtremes(tier: KernelTier) throws {
    let processor = try Processor(threads: 1, tier: tier)
    let x = FloatRows(rows: 1, columns: 20, [Float](repeating: -1e30, count: 19) + [3e30])
    processor.softmax(x, into: x)
    #expect(x.row(0) == [Float](repeating: 0, count: 19) + [1])
  }

  /// Quantization is the same integers and scales in all tiers, zeros and single spikes included.
  @Test(arguments: vectorTiers)
  func quantizationIsTheSameInAllTiers(tier: KernelTier) throws {
    let oracle = try Processor(threads: 1, tier: .scalar)
    let processor = try Processor(threads: 1, tier: tier)
    for width in Self.widths + [32, 96] {
      var values = FloatRows(random: 4, width, seed: UInt64(width)).row(0)
      values += [Float](repeating: 0, count: width)
      values += (0..<width).map { $0 == width / 2 ? -3e8 : 1 }
      values += (0..<width).map { Float($0 % 255 - 127) / 127 }
      let x = FloatRows(rows: 4, columns: width, values)
      let expected = Activations()
      let found = Activations()
      expected.load(x)
      found.load(x)
      let a = expected.quantizedPerRow(oracle)
      let b = found.quantizedPerRow(processor)
      for row in 0..<4 { #expect(contents(a, row) == contents(b, row)) }
      guard width % 32 == 0 else { continue }
      let c = expected.quantizedPerBlock(oracle)
      let d = found.quantizedPerBlock(processor)
      for row in 0..<4 { #expect(contents(c, row) == contents(d, row)) }
    }
  }

  private struct Contents: Equatable {
    var values: [Int8], scales: [UInt32], shift: UInt32, sums: [Int32]
  }

  private func contents(_ rows: QuantizedRows, _ row: Int) -> Contents {
    Contents(
      values: (0..<(rows.columns + 3) / 4 * 4).map { rows.values(row: row)[$0] },
      scales: (0..<rows.blocks).map { rows.scales(row: row)[$0].bitPattern },
      // Blocks have none.
      shift: rows.blocks == 1 ? rows.shifts(row: row).pointee.bitPattern : 0,
      sums: (0..<rows.blocks).map { rows.sums(row: row)[$0] })
  }

  @Test(arguments: tiersHere, [RotaryTable.Pairing.adjacent, .halves])
  func rotationTurnsPairs(tier: KernelTier, pairing: RotaryTable.Pairing) throws {
    let processor = try Processor(threads: 2, tier: tier)
    for (headSize, dimensions) in [(8, 8), (48, 48), (64, 64), (64, 40), (128, 96)] {
      let table = RotaryTable(
        dimensions: dimensions, base: 10000, positions: 50, pairing: pairing)
      let x = FloatRows(random: 3, 5 + 2 * headSize, seed: 9)
      let before = (0..<3).map { x.row($0) }
      processor.rotate(
        x, column: 5, heads: 2, headSize: headSize, positions: [0, 7, 49], table: table)
      for (row, position) in [0, 7, 49].enumerated() {
        var expected = before[row]
        for head in 0..<2 {
          for pair in 0..<dimensions / 2 {
            let start = 5 + head * headSize
            let a = start + (pairing == .halves ? pair : 2 * pair)
            let b = start + (pairing == .halves ? pair + dimensions / 2 : 2 * pair + 1)
            let angle = Double(position) * pow(10000, -2 * Double(pair) / Double(dimensions))
            let (x, y) = (Double(before[row][a]), Double(before[row][b]))
            expected[a] = Float(x * cos(angle) - y * sin(angle))
            expected[b] = Float(x * sin(angle) + y * cos(angle))
          }
        }
        #expect(
          distance(
            FloatRows(rows: 1, columns: x.columns, x.row(row)),
            FloatRows(rows: 1, columns: x.columns, expected)) < 1e-6)
      }
    }
  }

  @Test(arguments: tiersHere, [WeightType.f32, .f16, .bf16, .q8_0])
  func embeddingsAreRead(tier: KernelTier, type: WeightType) throws {
    let processor = try Processor(threads: 2, tier: tier)
    let oracle = try Processor(threads: 1, tier: .scalar)
    var random = SeededGenerator(seed: 3)
    for columns in [32, 96, 64] + (type == .q8_0 ? [] : [1, 17, 50]) {
      // An odd start: stored tensors need not be aligned.
      let bytes =
        [UInt8(0)]
        + (type == .q8_0
          ? randomQ8(rows: 9, columns: columns, seed: 4)
          : stored(random.floats(9 * columns), as: type))
      let table = bytes.span.bytes.extracting(1..<bytes.count)
      let found = FloatRows()
      let expected = FloatRows()
      try processor.embed([8, 0, 3, 3], table: table, as: type, columns: columns, into: found)
      try oracle.embed([8, 0, 3, 3], table: table, as: type, columns: columns, into: expected)
      #expect(found.bits == expected.bits)
      try processor.embed(
        [1, 1, 1, 1], table: table, as: type, columns: columns, into: found, adding: true)
      #expect(found[0, 0] != expected[0, 0])
      #expect(throws: ComputeError.self) {
        try processor.embed([9], table: table, as: type, columns: columns, into: found)
      }
      #expect(throws: ComputeError.self) {
        try processor.embed([-1], table: table, as: type, columns: columns, into: found)
      }
    }
  }

  @Test(arguments: tiersHere, [WeightType.f32, .f16, .bf16, .q8_0])
  func rowsOfAPackedMatrixAreThoseOfTheTable(tier: KernelTier, type: WeightType) throws {
    let processor = try Processor(threads: 2, tier: tier)
    var random = SeededGenerator(seed: 7)
    // Rows in the first, a middle and the last panel, which is not full.
    let rows = 150
    let ids: [Int32] = [0, 31, 32, 63, 64, 149, 100, 0]
    for columns in [32, 96] + (type == .q8_0 ? [] : [1, 50]) {
      let bytes =
        type == .q8_0
        ? randomQ8(rows: rows, columns: columns, seed: 8)
        : stored(random.floats(rows * columns), as: type)
      let matrix = try PackedMatrix(
        bytes.span.bytes, as: type, kind: PackedMatrix.lossless(type), outputs: rows,
        inputs: columns, in: SlabArena())
      let found = FloatRows()
      let expected = FloatRows()
      for adding in [false, true] {
        try processor.embed(ids, rowsOf: matrix, into: found, adding: adding)
        try processor.embed(
          ids, table: bytes.span.bytes, as: type, columns: columns, into: expected, adding: adding)
        #expect(found.bits == expected.bits)
      }
      for bad: Int32 in [-1, 150] {
        #expect(throws: ComputeError.self) {
          try processor.embed([bad], rowsOf: matrix, into: found)
        }
      }
    }
  }

  @Test func aQuantizedMatrixIsNoTable() throws {
    var random = SeededGenerator(seed: 9)
    let bytes = stored(random.floats(4 * 32), as: .f32)
    let matrix = try PackedMatrix(
      bytes.span.bytes, as: .f32, kind: .int8PerOutput, outputs: 4, inputs: 32, in: SlabArena())
    #expect(throws: ComputeError.self) {
      try Processor(threads: 1).embed([0], rowsOf: matrix, into: FloatRows())
    }
  }

  @Test func halvesConvertBothWays() {
    let cache = FloatRows(rows: 1, columns: 1)
    _ = cache
    for bits in 0...UInt16.max where Float16(bitPattern: bits).isFinite {
      let bytes = [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
      var wide: Float = .nan
      ck_kernels_of(CK_SCALAR)?.pointee.widen(CK_F16, bytes, 1, &wide)
      #expect(wide.bitPattern == Float(Float16(bitPattern: bits)).bitPattern)
    }
  }

  @Test func poolingTakesMeansAndFirsts() throws {
    let processor = try Processor(threads: 2)
    let x = FloatRows(rows: 3, columns: 2, [1, 2, 3, 6, 5, 12])
    let out = FloatRows()
    processor.pool(x, offsets: [0, 2, 3], .mean, into: out)
    #expect(out.row(0) == [2, 4] && out.row(1) == [5, 12])
    processor.pool(x, offsets: [0, 2, 3], .first, into: out)
    #expect(out.row(0) == [1, 2] && out.row(1) == [5, 12])
  }
}
