/// An order in which each node comes after those that it needs, near to that of the file.
struct NodeOrder {
  /// The nodes that a node needs, by its place in the file.
  private let needs: [[Int]]
  /// Places in the order found. Of a graph with a cycle too: then a need of each cycle is broken.
  private(set) var sorted: [Int] = []
  /// Nodes of which each needs the next, and the last the first.
  private(set) var cycles: [[Int]] = []

  private enum State { case open, entered, done }

  init(_ needs: [[Int]]) { self.needs = needs }

  /// Walks from each node down to what it needs, with a stack of our own: a graph may be as deep as
  /// it is long.
  mutating func find() {
    sorted.reserveCapacity(needs.count)
    var states = [State](repeating: .open, count: needs.count)
    var path: [(node: Int, next: Int)] = []
    for start in needs.indices where states[start] == .open {
      path.append((start, 0))
      states[start] = .entered
      while let (node, next) = path.last {
        guard next < needs[node].count else {
          path.removeLast()
          states[node] = .done
          sorted.append(node)
          continue
        }
        path[path.count - 1].next += 1
        let needed = needs[node][next]
        switch states[needed] {
        case .done: continue
        case .open:
          states[needed] = .entered
          path.append((needed, 0))
        case .entered:
          guard cycles.count < ONNXError.limit else { continue }
          let first = path.lastIndex { $0.node == needed } ?? 0
          cycles.append(path[first...].map(\.node))
        }
      }
    }
  }
}
