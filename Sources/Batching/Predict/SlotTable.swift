/// Values under dense indices that are used again; a ticket outlives its value without harm.
struct SlotTable<Value> {
  struct Ticket: Sendable, Equatable {
    var index: Int
    fileprivate var generation: UInt32
  }

  private struct Slot {
    var value: Value?
    var generation: UInt32 = 0
  }

  private var slots: [Slot] = []
  private var free: [Int] = []
  var count: Int { slots.count - free.count }

  mutating func insert(_ value: Value) -> Ticket {
    if let index = free.popLast() {
      slots[index].value = value
      return Ticket(index: index, generation: slots[index].generation)
    }
    slots.append(Slot(value: value))
    return Ticket(index: slots.count - 1, generation: 0)
  }

  /// Nil when the value has been removed since the ticket was given out.
  mutating func remove(_ ticket: Ticket) -> Value? {
    guard slots[ticket.index].generation == ticket.generation else { return nil }
    slots[ticket.index].generation &+= 1
    free.append(ticket.index)
    return slots[ticket.index].value.take()
  }

  /// The ticket of what stands at `index` now.
  func ticket(at index: Int) -> Ticket {
    Ticket(index: index, generation: slots[index].generation)
  }

  /// Nil when the value has been removed since the ticket was given out.
  subscript(ticket: Ticket) -> Value? {
    let slot = slots[ticket.index]
    return slot.generation == ticket.generation ? slot.value : nil
  }

  func value(at index: Int) -> Value? { slots[index].value }

  /// Changes the value under a ticket in place; nil when it has been removed.
  @discardableResult
  mutating func update<Result>(_ ticket: Ticket, _ body: (inout Value) -> Result) -> Result? {
    guard slots[ticket.index].generation == ticket.generation else { return nil }
    guard var value = slots[ticket.index].value.take() else { return nil }
    defer { slots[ticket.index].value = value }
    return body(&value)
  }
}
