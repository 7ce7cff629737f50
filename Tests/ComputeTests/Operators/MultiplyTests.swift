import CKernels
import Compute
import Foundation
import TestSupport
import Testing

@Suite struct MultiplyTests {
  /// rows, outputs, inputs: multiples of tiles and none, single ones, deep ones.
  static let shapes: [(Int, Int, Int)] = [
    (1, 1, 1), (1, 64, 64), (2, 63, 5), (3, 65, 127), (5, 128, 96), (6, 64, 256), (7, 100, 33),
    (13, 2, 384), (25, 130, 96), (49, 70, 36), (3, 17, 2051),
  ]

  /// Sums of the int8 product, read back from the bits that CK_STORE_SUM leaves.
  private func sums(
    _ tier: KernelTier, a: [Int8], w: [UInt8], rows: Int, outputs: Int, inputs: Int
  ) throws -> [Int32] {
    let kernels = try #require(ck_kernels_of(tier.selector)).pointee
    let groups = (inputs + 3) / 4
    let panels = (outputs + 63) / 64
    let stride = groups * 4
    let packed = UnsafeMutableRawBufferPointer.allocate(
      byteCount: panels * groups * 256, alignment: 64)
    defer { packed.deallocate() }
    packed.initializeMemory(as: UInt8.self, repeating: 128)
    for output in 0..<outputs {
      for input in 0..<inputs {
        let at = (output / 64 * groups + input / 4) * 256 + output % 64 * 4 + input % 4
        packed[at] = w[output * inputs + input]
      }
    }
    var padded = [Int8](repeating: 0, count: rows * stride)
    var rowSums = [Int32](repeating: 0, count: rows)
    for row in 0..<rows {
      for input in 0..<inputs {
        padded[row * stride + input] = a[row * inputs + input]
        rowSums[row] += Int32(a[row * inputs + input])
      }
    }
    var out = [Float](repeating: .nan, count: rows * outputs)
    let ones = [Float](repeating: 1, count: max(rows, panels * 64))
    padded.withUnsafeBufferPointer { padded in
      ones.withUnsafeBufferPointer { ones in
        rowSums.withUnsafeBufferPointer { rowSums in
          out.withUnsafeMutableBufferPointer { out in
            var job = ck_gemm_s8(
              a: padded.baseAddress, a_stride: stride, a_scales: ones.baseAddress,
              a_sums: rowSums.baseAddress, a_shifts: nil,
              w: packed.assumingMemoryBound(to: UInt8.self).baseAddress,
              w_scales: ones.baseAddress, w_sums: nil, n: outputs, k: inputs,
              epilogue: ck_epilogue(
                out: out.baseAddress, out_stride: outputs, bias: nil, extra: nil, extra_stride: 0,
                op: CK_STORE_SUM, low: 0, high: 0))
            kernels.gemm_s8(&job, 0, rows, 0, panels)
          }
        }
      }
    }
    return out.map { Int32(bitPattern: $0.bitPattern) }
  }

  @Test(arguments: tiersHere)
  func integerSumsAreExactInEveryTier(tier: KernelTier) throws {
    var random = SeededGenerator(seed: 1)
    for (rows, outputs, inputs) in Self.shapes {
      let a = (0..<rows * inputs).map { _ in Int8(random.integer(-127...127)) }
      let w = (0..<outputs * inputs).map { _ in UInt8(random.integer(0...255)) }
      let found = try sums(tier, a: a, w: w, rows: rows, outputs: outputs, inputs: inputs)
      for row in 0..<rows {
        for output in 0..<outputs {
          var expected: Int32 = 0
          for input in 0..<inputs {
            expected += Int32(a[row * inputs + input]) * (Int32(w[output * inputs + input]) - 128)
          }
          guard found[row * outputs + output] == expected else {
            Issue.record("\(rows)×\(outputs)×\(inputs) at \(row), \(output)")
            return
          }
        }
      }
    }
  }

  /// All at the ends of their ranges: nothing saturates on the way (vpmaddubsw would).
  @Test(
    arguments: tiersHere,
    [(-127, 0, 65536), (127, 255, 4096), (127, 0, 512), (-127, 255, 512), (0, 255, 512)])
  func integerSumsHoldAtTheExtremes(tier: KernelTier, values: (a: Int, w: Int, k: Int)) throws {
    let inputs = values.k
    let found = try sums(
      tier, a: [Int8](repeating: Int8(values.a), count: 2 * inputs),
      w: [UInt8](repeating: UInt8(values.w), count: 3 * inputs), rows: 2, outputs: 3,
      inputs: inputs)
    #expect(found.allSatisfy { $0 == Int32(values.a * (values.w - 128) * inputs) })
  }

  private static func matrix(
    _ kind: PackedMatrix.Kind, outputs: Int, inputs: Int, seed: UInt64
  ) throws -> PackedMatrix {
    var random = SeededGenerator(seed: seed)
    let bias = random.floats(outputs)
    if kind == .int8PerBlock {
      let bytes = randomQ8(rows: outputs, columns: inputs, seed: seed)
      return try PackedMatrix(
        bytes.span.bytes, as: .q8_0, kind: kind, outputs: outputs, inputs: inputs, bias: bias,
        in: SlabArena())
    }
    let type: WeightType = if case .float(let kept) = kind { kept } else { .f32 }
    let bytes = stored(random.floats(outputs * inputs), as: type)
    return try PackedMatrix(
      bytes.span.bytes, as: type, kind: kind, outputs: outputs, inputs: inputs, bias: bias,
      in: SlabArena())
  }

  static let kinds: [PackedMatrix.Kind] = [
    .int8PerOutput, .int8PerBlock, .float(.f32), .float(.f16), .float(.bf16),
  ]

  private static func epilogue(_ index: Int, _ rows: FloatRows) -> Epilogue {
    [.store, .add(rows), .gelu, .siluGate(rows)][index]
  }

  /// Stored and residual results are equal to the last bit in all tiers; GELU and SiLU nearly.
  @Test(arguments: vectorTiers, kinds)
  func tiersAgreeWithTheOracle(tier: KernelTier, kind: PackedMatrix.Kind) throws {
    let oracle = try Processor(threads: 1, tier: .scalar)
    let processor = try Processor(threads: 1, tier: tier)
    for (index, shape) in Self.shapes.enumerated() {
      let (rows, outputs) = (shape.0, shape.1)
      let inputs = kind == .int8PerBlock ? (shape.2 + 31) / 32 * 32 : shape.2
      let matrix = try Self.matrix(kind, outputs: outputs, inputs: inputs, seed: UInt64(index))
      let x = FloatRows(random: rows, inputs, seed: 7)
      let extra = FloatRows(random: rows, outputs, seed: 8)
      for operation in 0..<4 {
        let expected = FloatRows()
        let found = FloatRows()
        let input = Activations()
        input.load(x)
        oracle.multiply(
          input, by: matrix, into: expected, epilogue: Self.epilogue(operation, extra))
        input.load(x)
        processor.multiply(
          input, by: matrix, into: found, epilogue: Self.epilogue(operation, extra))
        if operation < 2 {
          #expect(found.bits == expected.bits, "\(shape) \(operation)")
        } else {
          #expect(distance(found, expected) < 4e-6, "\(shape) \(operation)")
        }
      }
    }
  }

  /// What an epilogue makes of values: of the product of one input, which is 1, and weights that
  /// are the values.
  private static func applied(
    _ epilogue: Epilogue, to values: [Float], tier: KernelTier
  ) throws -> FloatRows {
    let bytes = stored(values, as: .f32)
    let matrix = try PackedMatrix(
      bytes.span.bytes, as: .f32, kind: .float(.f32), outputs: values.count, inputs: 1,
      in: SlabArena())
    let input = Activations()
    input.load(FloatRows(rows: 1, columns: 1, [1]))
    let out = FloatRows()
    try Processor(threads: 1, tier: tier).multiply(
      input, by: matrix, into: out, epilogue: epilogue)
    return out
  }

  /// A value's result is the same at every place of a row: in whole vectors and behind them.
  @Test(arguments: tiersHere)
  func placesInARowDoNotMatter(tier: KernelTier) throws {
    for value: Float in [-3.7, -0.2, 0, 1e-4, 0.9, 5.1] {
      let values = [Float](repeating: value, count: 47)
      let gate = FloatRows(rows: 1, columns: 47, values)
      let curved = try Self.applied(.gelu, to: values, tier: tier)
      let gated = try Self.applied(.siluGate(gate), to: values, tier: tier)
      #expect(Set(curved.bits).count == 1 && Set(gated.bits).count == 1)
    }
  }

  /// The documented bound of erf: 7e-7 over the whole line; GELU's error is that times |x| / 2.
  @Test(arguments: vectorTiers)
  func geluKeepsItsErrorBound(tier: KernelTier) throws {
    let values = (-20_000...20_000).map { Float($0) * 0.0005 } + [-1e30, 1e30, -40, 40]
    let out = try Self.applied(.gelu, to: values, tier: tier)
    for (value, found) in zip(values, out.row(0)) {
      let exact = Double(value) * (1 + erf(Double(value) / 2.0.squareRoot())) / 2
      let bound = abs(Double(value)) * 3.5e-7 + 1e-7
      #expect(abs(Double(found) - exact) <= bound, "gelu(\(value)) = \(found)")
    }
  }

  @Test(arguments: vectorTiers)
  func siluIsTheOraclesOverItsWholeRange(tier: KernelTier) throws {
    let values = FloatRows(random: 1, 1023, seed: 21, magnitude: 8).row(0)
    let gate = FloatRows(random: 1, 1023, seed: 22, magnitude: 12)
    let expected = try Self.applied(.siluGate(gate), to: Array(values), tier: .scalar)
    let found = try Self.applied(.siluGate(gate), to: Array(values), tier: tier)
    #expect(distance(found, expected) < 4e-6)
  }

  /// The law: a row alone, at any place in a batch, and on any number of threads, is the same bits.
  @Test(arguments: tiersHere, kinds)
  func rowsDoNotSeeTheirBatch(tier: KernelTier, kind: PackedMatrix.Kind) throws {
    let rows = 29
    let outputs = 100
    let inputs = 160
    let matrix = try Self.matrix(kind, outputs: outputs, inputs: inputs, seed: 3)
    let x = FloatRows(random: rows, inputs, seed: 4)
    let extra = FloatRows(random: rows, outputs, seed: 5)
    var random = SeededGenerator(seed: 6)
    for operation in 0..<4 {
      let whole = FloatRows()
      let input = Activations()
      input.load(x)
      try Processor(threads: 1, tier: tier).multiply(
        input, by: matrix, into: whole, epilogue: Self.epilogue(operation, extra))
      for threads in [1, 2, 3] {
        let processor = try Processor(threads: threads, tier: tier)
        for _ in 0..<5 {
          let first = random.integer(0...rows - 1)
          let last = random.integer(first + 1...rows)
          let part = FloatRows()
          input.load(x.part(first..<last))
          processor.multiply(
            input, by: matrix, into: part,
            epilogue: Self.epilogue(operation, extra.part(first..<last)))
          #expect(part.bits == whole.part(first..<last).bits, "\(first)..<\(last) \(operation)")
        }
      }
    }
  }

  @Test func outputMayBeItsOwnResidual() throws {
    let matrix = try Self.matrix(.int8PerOutput, outputs: 40, inputs: 40, seed: 1)
    let x = FloatRows(random: 9, 40, seed: 2)
    let residual = FloatRows(random: 9, 40, seed: 3)
    let processor = try Processor(threads: 2)
    let input = Activations()
    let apart = FloatRows()
    input.load(x)
    processor.multiply(input, by: matrix, into: apart, epilogue: .add(residual))
    processor.multiply(input, by: matrix, into: residual, epilogue: .add(residual))
    #expect(apart.bits == residual.bits)
  }

  /// Q8_0 keeps its meaning: close to the product of the dequantized values.
  @Test func blocksKeepTheirScales() throws {
    let arena = SlabArena()
    let outputs = 33
    let inputs = 96
    let bytes = randomQ8(rows: outputs, columns: inputs, seed: 11)
    let processor = try Processor(threads: 1)
    let dense = FloatRows()
    try processor.embed(
      (0..<Int32(outputs)).map { $0 }, table: bytes.span.bytes, as: .q8_0, columns: inputs,
      into: dense)
    let exact = try PackedMatrix(
      kind: .float(.f32), outputs: outputs, inputs: inputs, in: arena
    ) { (writer) throws(ComputeError) in
      for row in 0..<outputs { try writer.append(dense.row(row)) }
    }
    let packed = try PackedMatrix(
      bytes.span.bytes, as: .q8_0, kind: .int8PerBlock, outputs: outputs, inputs: inputs,
      in: arena)
    let input = Activations()
    let a = FloatRows()
    let b = FloatRows()
    input.load(FloatRows(random: 5, inputs, seed: 12))
    processor.multiply(input, by: exact, into: a)
    processor.multiply(input, by: packed, into: b)
    #expect(distance(b, a) < 0.02)
  }

  @Test func impossibleMatricesAreRefused() {
    let arena = SlabArena()
    let bytes = [UInt8](repeating: 0, count: 4 * 32)
    #expect(throws: ComputeError.self) {
      try PackedMatrix(
        bytes.span.bytes, as: .f32, kind: .float(.f32), outputs: 0, inputs: 32, in: arena)
    }
    #expect(throws: ComputeError.self) {
      try PackedMatrix(
        bytes.span.bytes, as: .f32, kind: .float(.f32), outputs: 2, inputs: 32, in: arena)
    }
    #expect(throws: ComputeError.self) {
      try PackedMatrix(
        bytes.span.bytes, as: .f32, kind: .int8PerBlock, outputs: 1, inputs: 32, in: arena)
    }
    #expect(throws: ComputeError.self) {
      try PackedMatrix(
        bytes.span.bytes, as: .q8_0, kind: .int8PerBlock, outputs: 1, inputs: 33, in: arena)
    }
    #expect(throws: ComputeError.self) {
      try PackedMatrix(
        bytes.span.bytes, as: .f32, kind: .float(.f32), outputs: 1, inputs: 32, bias: [1, 2],
        in: arena)
    }
    #expect(throws: ComputeError.self) {
      try PackedMatrix(
        bytes.span.bytes, as: .f32, kind: .int8PerOutput, outputs: 1, inputs: 65537, in: arena)
    }
  }
}
