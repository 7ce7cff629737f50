/// Names one scheduled timer; stays harmless after the timer has fired or was cancelled.
package struct TimerToken: Sendable, Hashable {
  let slot: UInt32
  let generation: UInt32
}

/// Timers by time: a four-ary heap of slots, so that a token finds its entry and cancelling costs
/// O(log n) without leaving anything behind. A plain value; it knows no clock.
package struct TimerHeap<Payload> {
  private struct Slot {
    var generation: UInt32 = 0
    var position: Int32 = -1
    var payload: Payload?
  }
  private struct Entry {
    var instant: LoopInstant
    /// Equal instants fire in the order they were scheduled.
    var order: UInt64
    var slot: UInt32

    func isBefore(_ other: Entry) -> Bool {
      instant != other.instant ? instant < other.instant : order < other.order
    }
  }

  private var heap: ContiguousArray<Entry> = []
  private var slots: ContiguousArray<Slot> = []
  private var free: ContiguousArray<UInt32> = []
  /// Timers scheduled so far.
  package private(set) var scheduled: UInt64 = 0

  package init() {}

  package var count: Int { heap.count }
  /// Slots held, used or free.
  package var slotCount: Int { slots.count }
  /// When the next timer is due.
  package var earliest: LoopInstant? { heap.first?.instant }

  package mutating func schedule(at instant: LoopInstant, _ payload: Payload) -> TimerToken {
    let slot: UInt32
    if let reused = free.popLast() {
      slot = reused
    } else {
      slot = UInt32(slots.count)
      slots.append(Slot())
    }
    slots[Int(slot)].payload = payload
    scheduled += 1
    heap.append(Entry(instant: instant, order: scheduled, slot: slot))
    siftUp(heap.count - 1)
    return TimerToken(slot: slot, generation: slots[Int(slot)].generation)
  }

  /// What was scheduled under `token`; nil if it has fired or was cancelled.
  @discardableResult
  package mutating func cancel(_ token: TimerToken) -> Payload? {
    guard Int(token.slot) < slots.count else { return nil }
    let slot = slots[Int(token.slot)]
    guard slot.generation == token.generation, slot.position >= 0 else { return nil }
    remove(at: Int(slot.position))
    return release(token.slot)
  }

  /// The earliest timer if it is due at `now`.
  ///
  /// - Parameter last: of those that were scheduled when `scheduled` read so.
  package mutating func popDue(
    at now: LoopInstant, upTo last: UInt64 = .max
  ) -> (token: TimerToken, payload: Payload)? {
    guard let first = heap.first, first.instant <= now, first.order <= last else { return nil }
    let token = TimerToken(slot: first.slot, generation: slots[Int(first.slot)].generation)
    remove(at: 0)
    guard let payload = release(first.slot) else { return nil }
    return (token, payload)
  }

  private mutating func release(_ slot: UInt32) -> Payload? {
    slots[Int(slot)].generation &+= 1
    slots[Int(slot)].position = -1
    free.append(slot)
    return slots[Int(slot)].payload.take()
  }

  private mutating func remove(at position: Int) {
    let last = heap.removeLast()
    guard position < heap.count else { return }
    heap[position] = last
    siftDown(position)
    siftUp(Int(slots[Int(last.slot)].position))
  }

  private mutating func siftUp(_ start: Int) {
    var position = start
    let entry = heap[position]
    while position > 0 {
      let parent = (position - 1) / 4
      guard entry.isBefore(heap[parent]) else { break }
      place(heap[parent], at: position)
      position = parent
    }
    place(entry, at: position)
  }

  private mutating func siftDown(_ start: Int) {
    var position = start
    let entry = heap[position]
    while true {
      let firstChild = 4 * position + 1
      guard firstChild < heap.count else { break }
      var least = firstChild
      for child in (firstChild + 1)..<max(firstChild + 1, min(firstChild + 4, heap.count))
      where heap[child].isBefore(heap[least]) {
        least = child
      }
      guard heap[least].isBefore(entry) else { break }
      place(heap[least], at: position)
      position = least
    }
    place(entry, at: position)
  }

  private mutating func place(_ entry: Entry, at position: Int) {
    heap[position] = entry
    slots[Int(entry.slot)].position = Int32(position)
  }
}
