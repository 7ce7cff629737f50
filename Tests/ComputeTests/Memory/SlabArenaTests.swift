import Testing

@testable import Compute

@Suite struct SlabArenaTests {
  /// Every allocation is zero, aligned to a cache line, and nobody else's; sizes around each bound.
  @Test func allocationsAreZeroAlignedAndApart() throws {
    let sizes = [1, 64, 100, 65_535, 65_536, 65_537, 1 << 20, 3 << 20, 33 << 20, 40 << 20, 1 << 16]
    let arena = SlabArena()
    var held: [(memory: SlabMemory, mark: UInt8)] = []
    for (index, size) in (sizes + sizes).enumerated() {
      let memory = try SlabMemory(count: size, in: arena)
      #expect(memory.count == size && UInt(bitPattern: memory.base) % 64 == 0)
      let bytes = UnsafeMutableRawBufferPointer(start: memory.base, count: size)
      #expect(bytes.allSatisfy { $0 == 0 })
      let mark = UInt8(index + 1)
      _ = bytes.initializeMemory(as: UInt8.self, repeating: mark)
      held.append((memory, mark))
      // Some go at once, so that slabs also end.
      if index % 3 == 2 { held.removeFirst() }
    }
    for (memory, mark) in held {
      let bytes = UnsafeRawBufferPointer(start: memory.base, count: memory.count)
      #expect(bytes.first == mark && bytes.last == mark)
    }
    let lies = held.reduce(0) { $0 + ($1.memory.count + 63) / 64 * 64 }
    // Of slabs that others still lie in, what went is not given again.
    #expect(arena.takenBytes >= lies && arena.mappedBytes >= arena.takenBytes)
    held = []
    #expect(arena.mappedBytes == 0 && arena.takenBytes == 0)
  }

  @Test func whatTheSystemCannotGiveIsAnError() {
    #expect(throws: ComputeError.self) { try SlabMemory(count: 1 << 46, in: SlabArena()) }
    #expect(throws: ComputeError.self) {
      try KVCache(
        layers: 1, heads: 1, headSize: 1, blocks: 1 << 40, precision: .f32, in: SlabArena())
    }
  }

  /// A model that is let go leaves nothing behind, wherever its neighbour's matrices came in
  /// between.
  @Test func arenasEndApart() throws {
    let (neighbour, model) = (SlabArena(), SlabArena())
    var kept: [SlabMemory] = []
    for _ in 0..<5 {
      var held: [SlabMemory] = []
      for size in [100, 1 << 16, 3 << 20, 40 << 20, 1 << 20] {
        held.append(try SlabMemory(count: size, in: model))
        kept.append(try SlabMemory(count: size, in: neighbour))
      }
      #expect(model.mappedBytes >= held.reduce(0) { $0 + $1.count })
      held = []
      #expect(model.mappedBytes == 0)
    }
    #expect(neighbour.mappedBytes >= kept.reduce(0) { $0 + $1.count })
  }

  @Test func largeRowsGrowAndShrinkByWholePages() {
    let rows = FloatRows(rows: 2, columns: 3)
    rows.reshape(rows: 1024, columns: 2048)
    rows[1023, 2047] = 5
    rows.reshape(rows: 4096, columns: 2048)
    rows[4095, 2047] = 7
    #expect(rows[4095, 2047] == 7 && UInt(bitPattern: rows.pointer) % 64 == 0)
  }
}
