/// Values under dense indices that are used again; a ticket outlives its value without harm.
struct SlotTable<Value> {
  struct Ticket: Sendable, Equatable {
    var index: Int
    fileprivate var generation: UInt32
  }

  private var values: [Value?] = []
  private var generations: [UInt32] = []
  private var free: [Int] = []
  var count: Int { values.count - free.count }

  mutating func insert(_ value: Value) -> Ticket {
    if let index = free.popLast() {
      values[index] = value
      return Ticket(index: index, generation: generations[index])
    }
    values.append(value)
    generations.append(0)
    return Ticket(index: values.count - 1, generation: 0)
  }

  /// Nil when the value has been removed since the ticket was given out.
  mutating func remove(_ ticket: Ticket) -> Value? {
    guard generations[ticket.index] == ticket.generation else { return nil }
    generations[ticket.index] &+= 1
    free.append(ticket.index)
    return values[ticket.index].take()
  }

  /// The ticket of what stands at `index` now.
  func ticket(at index: Int) -> Ticket { Ticket(index: index, generation: generations[index]) }

  func contains(_ ticket: Ticket) -> Bool { generations[ticket.index] == ticket.generation }

  /// Changes the value under a ticket in place; nothing happens when it has been removed.
  mutating func update<Result>(_ ticket: Ticket, _ body: (inout Value) -> Result) -> Result? {
    guard contains(ticket), var value = values[ticket.index].take() else { return nil }
    defer { values[ticket.index] = value }
    return body(&value)
  }
}
