import Bytes
import TestSupport
import Testing

@Suite struct ByteBufferTests {
  @Test func emptyHoldsNoMemory() {
    let buffer = ByteBuffer()
    #expect(buffer.capacity == 0 && buffer.isEmpty && buffer.count == 0)
    #expect(buffer.withUnsafeBytes { $0.count } == 0)
  }

  /// Random appends, reservations and consumes against an array that does the same.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func behavesAsAQueueOfBytes(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var buffer = ByteBuffer(capacity: Int(seed) * 16)
    var model: [UInt8] = []
    for step in 0..<5_000 {
      switch random.next() % 5 {
      case 0:
        let bytes = (0..<Int(random.next() % 300)).map { _ in
          UInt8(truncatingIfNeeded: random.next())
        }
        buffer.append(bytes)
        model += bytes
      case 1:
        buffer.append(UInt8(truncatingIfNeeded: step))
        model.append(UInt8(truncatingIfNeeded: step))
      case 2:
        let room = buffer.reserve(40)
        #expect(room.count >= 40)
        for index in 0..<17 { room[index] = UInt8(index) }
        buffer.commit(17)
        model += (0..<17).map(UInt8.init)
      default:
        let count = Int(random.next() % 400) % (model.count + 1)
        buffer.consume(count)
        model.removeFirst(count)
      }
      #expect(buffer.count == model.count)
      if step % 50 == 0 { #expect(buffer.withUnsafeBytes { Array($0) } == model) }
    }
    #expect(buffer.withUnsafeBytes { Array($0) } == model)
  }

  @Test func aBufferThatIsDrainedStepByStepDoesNotGrow() {
    var buffer = ByteBuffer(capacity: 1_024)
    for _ in 0..<10_000 {
      buffer.append([UInt8](repeating: 7, count: 200))
      buffer.consume(200)
    }
    #expect(buffer.capacity == 1_024)
  }

  @Test func aSpikeIsGivenBack() {
    var buffer = ByteBuffer()
    buffer.append([UInt8](repeating: 1, count: 100_000))
    buffer.removeAll(keepingCapacity: 100_000 * 4)
    #expect(buffer.capacity >= 100_000)
    buffer.removeAll(keepingCapacity: 65_536)
    #expect(buffer.capacity == 0 && buffer.isEmpty)
    buffer.append([1, 2])
    #expect(buffer.withUnsafeBytes { Array($0) } == [1, 2])
  }

  @Test func spanShowsWhatWaits() {
    var buffer = ByteBuffer()
    buffer.append([1, 2, 3, 4])
    buffer.consume(1)
    let span = buffer.bytes
    #expect(span.byteCount == 3)
    #expect(span.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == 2)
  }
}
