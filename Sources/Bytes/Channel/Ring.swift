/// A first-in first-out queue in one array that grows by doubling and is used round and round.
///
/// Inlinable, like the channel on it: unspecialised generics cost twenty times the work they do.
@usableFromInline package struct Ring<Element> {
  /// A power of two of them, or none.
  @usableFromInline var slots: ContiguousArray<Element?> = []
  /// Where the first and the next element stand, counted from the beginning of time.
  @usableFromInline var head = 0
  @usableFromInline var tail = 0

  @inlinable package init() {}

  @inlinable package var count: Int { tail - head }
  @inlinable package var isEmpty: Bool { tail == head }

  @inlinable package mutating func append(_ element: consuming Element) {
    if count == slots.count { grow() }
    slots[tail & (slots.count - 1)] = element
    tail += 1
  }

  @inlinable package mutating func popFirst() -> Element? {
    guard !isEmpty else { return nil }
    defer { head += 1 }
    return slots[head & (slots.count - 1)].take()
  }

  /// Drops all elements and gives the memory back.
  @inlinable package mutating func removeAll() {
    slots = []
    head = 0
    tail = 0
  }

  @inlinable mutating func grow() {
    let capacity = max(8, 2 * slots.count)
    var larger = ContiguousArray<Element?>()
    larger.reserveCapacity(capacity)
    for index in head..<tail { larger.append(slots[index & (slots.count - 1)].take()) }
    for _ in count..<capacity { larger.append(nil) }
    slots = larger
    tail = count
    head = 0
  }
}
