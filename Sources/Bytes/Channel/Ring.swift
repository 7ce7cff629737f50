/// A first-in first-out queue in one array that grows by doubling and is used round and round.
package struct Ring<Element> {
  private var slots: ContiguousArray<Element?> = []
  private var head = 0
  package private(set) var count = 0

  package init() {}

  package var isEmpty: Bool { count == 0 }

  package mutating func append(_ element: consuming Element) {
    if count == slots.count { grow() }
    // `slots.count` is a power of two.
    slots[(head + count) & (slots.count - 1)] = element
    count += 1
  }

  package mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = slots[head].take()
    head = (head + 1) & (slots.count - 1)
    count -= 1
    return element
  }

  /// Drops all elements and gives the memory back.
  package mutating func removeAll() {
    slots = []
    head = 0
    count = 0
  }

  private mutating func grow() {
    var larger = ContiguousArray<Element?>()
    larger.reserveCapacity(max(8, 2 * slots.count))
    for index in 0..<count { larger.append(slots[(head + index) & (slots.count - 1)].take()) }
    for _ in count..<max(8, 2 * slots.count) { larger.append(nil) }
    slots = larger
    head = 0
  }
}
