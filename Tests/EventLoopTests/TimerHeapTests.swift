import EventLoop
import TestSupport
import Testing

@Suite struct TimerHeapTests {
  @Test func firesInOrderOfTimeThenOfScheduling() {
    var heap = TimerHeap<String>()
    for (time, name) in [(30, "c"), (10, "a"), (30, "d"), (20, "b"), (30, "e")] {
      _ = heap.schedule(at: LoopInstant(nanoseconds: UInt64(time)), name)
    }
    #expect(heap.earliest == LoopInstant(nanoseconds: 10))
    #expect(heap.popDue(at: LoopInstant(nanoseconds: 9)) == nil)
    var fired: [String] = []
    while let due = heap.popDue(at: LoopInstant(nanoseconds: 30)) { fired.append(due.payload) }
    #expect(fired == ["a", "b", "c", "d", "e"])
    #expect(heap.count == 0 && heap.earliest == nil)
  }

  @Test func aStaleTokenTouchesNobody() {
    var heap = TimerHeap<Int>()
    let first = heap.schedule(at: LoopInstant(nanoseconds: 1), 1)
    #expect(heap.cancel(first) == 1)
    // The slot is used again; the old token must not reach the new timer.
    let second = heap.schedule(at: LoopInstant(nanoseconds: 2), 2)
    #expect(heap.cancel(first) == nil)
    #expect(heap.popDue(at: LoopInstant(nanoseconds: 2))?.payload == 2)
    #expect(heap.cancel(second) == nil)
  }

  /// Random schedules, cancels and expiries against a sorted list.
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func agreesWithASortedList(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var heap = TimerHeap<Int>()
    var model: [(time: UInt64, number: Int)] = []
    var tokens: [Int: TimerToken] = [:]
    var now: UInt64 = 0
    for number in 0..<3_000 {
      switch random.next() % 8 {
      case 0...3:
        let time = now + random.next() % 200
        tokens[number] = heap.schedule(at: LoopInstant(nanoseconds: time), number)
        let place = model.firstIndex { $0.time > time } ?? model.count
        model.insert((time, number), at: place)
      case 4...5:
        guard let victim = model.randomElement(using: &random)?.number, let token = tokens[victim]
        else { continue }
        #expect(heap.cancel(token) == victim)
        model.removeAll { $0.number == victim }
      default:
        now += random.next() % 60
        while let due = heap.popDue(at: LoopInstant(nanoseconds: now)) {
          #expect(due.token == tokens[due.payload])
          #expect(!model.isEmpty && model.removeFirst().number == due.payload)
        }
        #expect(model.first.map { $0.time > now } ?? true)
      }
      #expect(heap.count == model.count)
      #expect(heap.earliest?.nanoseconds == model.first?.time)
    }
  }

  @Test func memoryIsUsedAgain() {
    var heap = TimerHeap<Int>()
    for round in 0..<100_000 {
      let token = heap.schedule(at: LoopInstant(nanoseconds: 5), round)
      #expect(heap.cancel(token) == round)
    }
    #expect(heap.slotCount == 1)
  }
}

@Suite struct LoopInstantTests {
  @Test func additionSaturates() {
    let late = LoopInstant(nanoseconds: .max - 1)
    #expect(late.advanced(by: .seconds(1)) == .distantFuture)
    #expect(late.advanced(by: .seconds(-1)) == late)
    #expect(LoopInstant(nanoseconds: 5).advanced(by: .nanoseconds(7)).nanoseconds == 12)
    #expect(Duration.seconds(Int64.max).saturatingNanoseconds == .max)
    #expect(Duration.milliseconds(3).saturatingNanoseconds == 3_000_000)
  }

  @Test func differencesAreNeverNegative() {
    #expect(LoopInstant(nanoseconds: 3).nanoseconds(since: LoopInstant(nanoseconds: 9)) == 0)
    #expect(LoopInstant(nanoseconds: 9).nanoseconds(since: LoopInstant(nanoseconds: 3)) == 6)
  }
}
