/// A binary heap of possible merges: the highest score first, of equals the leftmost.
struct MergeQueue {
  struct Candidate {
    let score: Float
    /// Symbols by index.
    let left: Int32
    let right: Int32
    /// Bytes of both when they were put here; a candidate is stale when that has changed.
    let count: Int32

    fileprivate func precedes(_ other: Candidate) -> Bool {
      score > other.score || (score == other.score && left < other.left)
    }
  }

  private var heap: [Candidate] = []

  mutating func push(_ candidate: Candidate) {
    heap.append(candidate)
    // Parents move down into the hole until the candidate's place is found.
    var hole = heap.count - 1
    while hole > 0 {
      let parent = (hole - 1) / 2
      guard candidate.precedes(heap[parent]) else { break }
      heap[hole] = heap[parent]
      hole = parent
    }
    heap[hole] = candidate
  }

  mutating func pop() -> Candidate? {
    guard let last = heap.popLast() else { return nil }
    guard let first = heap.first else { return last }
    // Children move up into the hole until the last candidate's place is found.
    var hole = 0
    while true {
      var child = 2 * hole + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
      guard heap[child].precedes(last) else { break }
      heap[hole] = heap[child]
      hole = child
    }
    heap[hole] = last
    return first
  }
}
