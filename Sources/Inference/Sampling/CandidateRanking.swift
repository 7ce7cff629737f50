internal import Glibc

/// The tokens a draw may still fall on. Selecting needs no sort of the vocabulary: top-k keeps a
/// heap of k, the nucleus pops a heap only until its probability is reached.
struct CandidateRanking {
  struct Candidate {
    var id: Int32
    /// The logit until `weigh`, then exp((logit − peak) / temperature): 1 for the likeliest.
    var weight: Float

    /// Likelier, or equally likely with the lower id.
    func ranks(above other: Candidate) -> Bool {
      weight > other.weight || (weight == other.weight && id < other.id)
    }
  }

  private(set) var candidates: [Candidate] = []

  /// Every id with a logit above −∞, in order of ids.
  mutating func keepAll(of logits: borrowing Span<Float>) {
    candidates.reserveCapacity(logits.count)
    for id in logits.indices where logits[id] > -.infinity {
      candidates.append(Candidate(id: Int32(id), weight: logits[id]))
    }
  }

  /// The `count` likeliest ids. The heap's root is the weakest kept, so most ids cost one compare.
  mutating func keepLikeliest(_ count: Int, of logits: borrowing Span<Float>) {
    candidates.reserveCapacity(count)
    for id in logits.indices where logits[id] > -.infinity {
      let candidate = Candidate(id: Int32(id), weight: logits[id])
      if candidates.count < count {
        candidates.append(candidate)
        if candidates.count == count { heapify(weakestFirst: true) }
      } else if candidate.ranks(above: candidates[0]) {
        candidates[0] = candidate
        siftDown(from: 0, end: count, weakestFirst: true)
      }
    }
    candidates.sort { $0.id < $1.id }
  }

  /// Turns logits into unnormalised probabilities.
  mutating func weigh(peak: Float, temperature: Float) {
    for index in candidates.indices {
      candidates[index].weight = expf((candidates[index].weight - peak) / temperature)
    }
  }

  /// The smallest set of likeliest candidates whose share of all weight reaches `share`.
  mutating func keepNucleus(_ share: Float) {
    let goal = total() * Double(share)
    heapify(weakestFirst: false)
    var kept = 0.0
    var end = candidates.count
    // Popped candidates gather behind `end`, the likeliest last.
    while end > 0 {
      kept += Double(candidates[0].weight)
      end -= 1
      candidates.swapAt(0, end)
      siftDown(from: 0, end: end, weakestFirst: false)
      if kept >= goal { break }
    }
    candidates.removeFirst(end)
  }

  /// Drops what weighs less than `share` of the likeliest, whose weight is 1.
  mutating func dropBelow(share: Float) {
    candidates.removeAll { $0.weight < share }
  }

  /// The candidate at `unit` (0 ..< 1) of the weight that is left.
  func pick(_ unit: Double) -> Int32 {
    let goal = total() * unit
    var sum = 0.0
    for candidate in candidates {
      sum += Double(candidate.weight)
      if sum > goal { return candidate.id }
    }
    return candidates.last { $0.weight > 0 }?.id ?? 0
  }

  private func total() -> Double {
    var sum = 0.0
    for candidate in candidates { sum += Double(candidate.weight) }
    return sum
  }

  private mutating func heapify(weakestFirst: Bool) {
    for root in stride(from: candidates.count / 2 - 1, through: 0, by: -1) {
      siftDown(from: root, end: candidates.count, weakestFirst: weakestFirst)
    }
  }

  private mutating func siftDown(from root: Int, end: Int, weakestFirst: Bool) {
    var parent = root
    while 2 * parent + 1 < end {
      var child = 2 * parent + 1
      if child + 1 < end,
        candidates[child + 1].ranks(above: candidates[child]) != weakestFirst
      {
        child += 1
      }
      if candidates[parent].ranks(above: candidates[child]) != weakestFirst { return }
      candidates.swapAt(parent, child)
      parent = child
    }
  }
}
