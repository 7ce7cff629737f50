// A ring of charges, oldest first; each leaves when it is `length` old: a window is
// [t, t + length).
//
//   expired │ head                                tail │
//           │ (time, amount) (time, amount) …          │ ◀── charge
//
// One entry a charge, and so exact, up to `bound` entries. When a charge finds the ring full,
// charges of the same slice of time (2 / bound of the window) become one, at the time of the latest
// of them: from then on the window may hold a charge for up to a slice too long, never too short.

/// What was used of a quota in the last stretch of time, in bounded memory.
struct SlidingWindow {
  private struct Entry {
    var time: UInt64
    var amount: Int
  }

  private(set) var quota: Int
  /// In nanoseconds.
  private(set) var length: UInt64
  /// Entries at most.
  private let bound: Int
  /// As many as a power of two.
  private var ring: [Entry] = []
  private var head = 0
  private var count = 0
  /// What is charged and has not left. Above the quota when more was used than was asked for.
  private(set) var sum = 0

  init(quota: Int, length: UInt64, bound: Int) {
    self.quota = quota
    self.length = length
    self.bound = max(bound, 8)
  }

  var isEmpty: Bool { count == 0 }
  var remaining: Int { max(quota - sum, 0) }

  /// Changes the rule; what is charged stays, as far as the longer of both windows still knows it.
  mutating func adopt(quota: Int, length: UInt64) {
    self.quota = quota
    self.length = length
  }

  /// Lets go of what is out of the window. To be called before anything is read.
  mutating func expire(at now: UInt64) {
    while count > 0, ring[head].time + length <= now {
      sum -= ring[head].amount
      head = (head + 1) & (ring.count - 1)
      count -= 1
    }
    // Idle windows give their memory back.
    if count == 0 && ring.count > 16 { ring = [] }
  }

  func fits(_ amount: Int) -> Bool { sum + amount <= quota }

  /// Nanoseconds until `amount` fits if nothing else is charged; nil if it never does.
  func wait(for amount: Int, at now: UInt64) -> UInt64? {
    guard amount <= quota else { return nil }
    var excess = sum + amount - quota
    var place = 0
    while excess > 0 && place < count {
      let entry = self[place]
      excess -= entry.amount
      if excess <= 0 { return entry.time + length - now }
      place += 1
    }
    return 0
  }

  /// Nanoseconds until the oldest charge leaves; 0 if there is none.
  func reset(at now: UInt64) -> UInt64 { count == 0 ? 0 : self[0].time + length - now }

  /// Adds a charge, whether it fits or not.
  ///
  /// - Parameter now: not before the last charge's.
  mutating func charge(_ amount: Int, at now: UInt64) {
    sum += amount
    if count > 0 {
      let last = (head + count - 1) & (ring.count - 1)
      if ring[last].time == now {
        ring[last].amount += amount
        return
      }
    }
    if count == bound { mergeSlices() }
    if count == ring.count { grow() }
    ring[(head + count) & (ring.count - 1)] = Entry(time: now, amount: amount)
    count += 1
  }

  /// Takes a part of a charge back; one that has left the window is let be.
  ///
  /// - Parameter time: when it was charged.
  mutating func refund(_ amount: Int, chargedAt time: UInt64, now: UInt64) {
    guard time + length > now else { return }
    // It is in the first entry that is not older: a merged one has the time of its latest charge.
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].time < time { low = middle + 1 } else { high = middle }
    }
    guard low < count else { return }
    let place = (head + low) & (ring.count - 1)
    let taken = min(amount, ring[place].amount)
    ring[place].amount -= taken
    sum -= taken
  }

  private subscript(_ place: Int) -> Entry { ring[(head + place) & (ring.count - 1)] }

  private mutating func grow() {
    var larger = (0..<count).map { self[$0] }
    let free = Entry(time: 0, amount: 0)
    larger += [Entry](repeating: free, count: max(8, 2 * count) - count)
    // `bound` may be no power of two, the ring's size always is.
    while larger.count & (larger.count - 1) != 0 { larger.append(free) }
    ring = larger
    head = 0
  }

  private mutating func mergeSlices() {
    let slice = max(2 * length / UInt64(bound), 1)
    var merged: [Entry] = []
    for place in 0..<count {
      let entry = self[place]
      if let last = merged.last, last.time / slice == entry.time / slice {
        merged[merged.count - 1] = Entry(time: entry.time, amount: last.amount + entry.amount)
      } else {
        merged.append(entry)
      }
    }
    count = merged.count
    head = 0
    ring.replaceSubrange(0..<count, with: merged)
  }
}
