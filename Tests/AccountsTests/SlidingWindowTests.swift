import TestSupport
import Testing

@testable import Accounts

/// A window that keeps everything for ever.
private struct NaiveWindow {
  var quota: Int
  let length: UInt64
  var charges: [(time: UInt64, amount: Int)] = []

  /// Forgets what no question can be about any more.
  mutating func prune(at now: UInt64) { charges.removeAll { $0.time + 2 * length < now } }

  /// - Parameter late: how much longer than its length a charge is counted.
  func sum(at now: UInt64, late: UInt64 = 0) -> Int {
    charges.filter { $0.time + length + late > now }.reduce(0) { $0 + $1.amount }
  }

  func wait(for amount: Int, at now: UInt64) -> UInt64? {
    guard amount <= quota else { return nil }
    let ends = charges.map { $0.time + length }.filter { $0 > now }
    return ([now] + ends.sorted()).first { sum(at: $0) + amount <= quota }.map { $0 - now }
  }
}

@Suite struct SlidingWindowTests {
  private static let length: UInt64 = 6000

  @Test func aHundredInAMinuteAndNotOneMore() {
    var window = SlidingWindow(quota: 100, length: Meter.minute, bound: Meter.requestBound)
    for request in 0..<100 {
      let now = UInt64(request) * 1_000_000
      window.expire(at: now)
      #expect(window.fits(1))
      window.charge(1, at: now)
    }
    let last = Meter.minute - 1
    window.expire(at: last)
    #expect(!window.fits(1))
    #expect(window.wait(for: 1, at: last) == 1)
    window.expire(at: Meter.minute)
    #expect(window.fits(1) && !window.fits(2))
    #expect(window.reset(at: Meter.minute) == 1_000_000)
    #expect(window.wait(for: 2, at: Meter.minute) == 1_000_000)
    #expect(window.wait(for: 101, at: Meter.minute) == nil)
  }

  /// Charges, refunds and the passing of time at random, against the naive window; times fall on
  /// the very ends of windows as often as beside them.
  @Test(arguments: 0..<50)
  func isExactWithinItsBound(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let quota = Int.random(in: 1...60, using: &random)
    var window = SlidingWindow(quota: quota, length: Self.length, bound: 4096)
    var naive = NaiveWindow(quota: quota, length: Self.length)
    var now: UInt64 = 0
    for _ in 0..<300 {
      advance(&now, naive, &random)
      naive.prune(at: now)
      window.expire(at: now)
      #expect(window.sum == naive.sum(at: now))
      let amount = Int.random(in: 0...8, using: &random)
      #expect(window.fits(amount) == (naive.sum(at: now) + amount <= quota))
      #expect(window.wait(for: amount, at: now) == naive.wait(for: amount, at: now))
      #expect(window.remaining == max(quota - naive.sum(at: now), 0))
      if Bool.random(using: &random) {
        window.charge(amount, at: now)
        naive.charges.append((now, amount))
      } else if let place = naive.charges.indices.suffix(20).randomElement(using: &random) {
        let part = Int.random(in: 0...naive.charges[place].amount, using: &random)
        window.refund(part, chargedAt: naive.charges[place].time, now: now)
        naive.charges[place].amount -= part
      }
    }
  }

  /// Far more charges than entries: never less than what is in the window, and never a charge that
  /// left it more than a slice ago.
  @Test(arguments: 0..<25)
  func errsOnRefusingBeyondItsBound(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bound = Int.random(in: 8...64, using: &random)
    let slice = 2 * Self.length / UInt64(bound)
    var window = SlidingWindow(quota: 1_000_000, length: Self.length, bound: bound)
    var naive = NaiveWindow(quota: 1_000_000, length: Self.length)
    var now: UInt64 = 0
    for _ in 0..<1000 {
      naive.prune(at: now)
      now += UInt64.random(in: 0...Self.length / 200, using: &random)
      if Int.random(in: 0..<500, using: &random) == 0 { now += Self.length / 2 }
      window.expire(at: now)
      #expect(window.sum >= naive.sum(at: now))
      #expect(window.sum <= naive.sum(at: now, late: slice))
      let amount = Int.random(in: 0...8, using: &random)
      window.charge(amount, at: now)
      naive.charges.append((now, amount))
      if let place = naive.charges.indices.suffix(100).randomElement(using: &random) {
        let part = Int.random(in: 0...naive.charges[place].amount, using: &random)
        // A refund that comes too late for the true window is not made, so the naive one makes
        // none either.
        if naive.charges[place].time + Self.length > now {
          window.refund(part, chargedAt: naive.charges[place].time, now: now)
          naive.charges[place].amount -= part
        }
      }
    }
    window.expire(at: now + Self.length + slice)
    #expect(window.sum == 0 && window.isEmpty)
  }

  private func advance(
    _ now: inout UInt64, _ naive: NaiveWindow, _ random: inout SeededGenerator
  ) {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: now += UInt64.random(in: 0...Self.length / 4, using: &random)
    case 1:
      let ends = naive.charges.map { $0.time + naive.length }.filter { $0 >= now }
      if let end = ends.min() { now = end - (Bool.random(using: &random) && end > now ? 1 : 0) }
    case 2: now += 1
    default: break
    }
  }
}
