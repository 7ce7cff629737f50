import CNghttp2
import Testing

@testable import HTTP2

@Suite struct MemoryPoolTests {
  /// The same random sequence of calls against bookkeeping: blocks keep what was written to them,
  /// never overlap, and zeroed ones are zero though their memory was used before.
  @Test func keepsBlocksApart() throws {
    let pool = MemoryPool()
    let memory = pool.callbacks
    var live: [(pointer: UnsafeMutableRawPointer, size: Int, mark: UInt8)] = []
    var random = SystemRandomNumberGenerator()
    func fill(_ pointer: UnsafeMutableRawPointer, _ size: Int, _ mark: UInt8) {
      pointer.initializeMemory(as: UInt8.self, repeating: mark, count: size)
    }
    for round in 0..<20_000 {
      let size = Int.random(in: 0...3_000, using: &random)
      let mark = UInt8(truncatingIfNeeded: round) | 1
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        let pointer = try #require(memory.malloc(size, memory.mem_user_data))
        fill(pointer, size, mark)
        live.append((pointer, size, mark))
      case 1:
        let pointer = try #require(memory.calloc(size, 1, memory.mem_user_data))
        let bytes = UnsafeRawBufferPointer(start: pointer, count: size)
        #expect(bytes.allSatisfy { $0 == 0 })
        fill(pointer, size, mark)
        live.append((pointer, size, mark))
      case 2 where !live.isEmpty:
        let old = live.remove(at: Int.random(in: 0..<live.count, using: &random))
        let pointer = try #require(memory.realloc(old.pointer, size, memory.mem_user_data))
        let kept = UnsafeRawBufferPointer(start: pointer, count: min(size, old.size))
        #expect(kept.allSatisfy { $0 == old.mark })
        fill(pointer, size, mark)
        live.append((pointer, size, mark))
      case 3 where !live.isEmpty:
        let old = live.remove(at: Int.random(in: 0..<live.count, using: &random))
        let bytes = UnsafeRawBufferPointer(start: old.pointer, count: old.size)
        #expect(bytes.allSatisfy { $0 == old.mark })
        memory.free(old.pointer, memory.mem_user_data)
      default: break
      }
    }
    for block in live { memory.free(block.pointer, memory.mem_user_data) }
    memory.free(nil, memory.mem_user_data)
    #expect(memory.malloc(-1, memory.mem_user_data) == nil)
    #expect(memory.calloc(Int.max, 16, memory.mem_user_data) == nil)
    pool.trim(to: 0)
    withExtendedLifetime(pool) {}
  }
}
