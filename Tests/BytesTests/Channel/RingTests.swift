import Bytes
import TestSupport
import Testing

@Suite struct RingTests {
  @Test func firstInFirstOut() {
    var random = SeededGenerator(seed: 11)
    var ring = Ring<Int>()
    var model: [Int] = []
    for number in 0..<20_000 {
      if random.next() % 9 < 5 {
        ring.append(number)
        model.append(number)
      } else {
        #expect(ring.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
      }
      #expect(ring.count == model.count && ring.isEmpty == model.isEmpty)
    }
  }

  @Test func removingAllStartsAnew() {
    var ring = Ring<String>()
    for number in 0..<9 { ring.append("\(number)") }
    ring.removeAll()
    #expect(ring.popFirst() == nil)
    ring.append("again")
    #expect(ring.popFirst() == "again")
  }
}
