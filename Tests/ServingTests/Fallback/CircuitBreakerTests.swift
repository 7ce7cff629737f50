import TestSupport
import Testing

@testable import Serving

@Suite struct CircuitBreakerTests {
  private let start = ContinuousClock.now

  private func breaker(_ change: (inout BreakerSettings) -> Void = { _ in }) -> CircuitBreaker {
    var settings = BreakerSettings()
    settings.minimumCalls = 10
    change(&settings)
    return CircuitBreaker(settings, at: start)
  }

  private func call(
    _ breaker: inout CircuitBreaker, _ verdict: CircuitBreaker.Verdict, after seconds: Double
  ) -> Bool {
    let now = start + .seconds(seconds)
    guard let permit = breaker.permit(at: now) else { return false }
    breaker.report(permit, verdict, at: now)
    return true
  }

  @Test func opensAtTheShareAndNotBefore() {
    var breaker = breaker()
    for _ in 0..<6 { _ = call(&breaker, .succeeded, after: 1) }
    for _ in 0..<5 { _ = call(&breaker, .failed, after: 1) }
    // 5 of 11 failed.
    #expect(breaker.state == .closed)
    _ = call(&breaker, .failed, after: 1)
    #expect(breaker.state == .open)
    #expect(breaker.permit(at: start + .seconds(1)) == nil)
  }

  /// A stream that began well and then failed is one call, and a failed one.
  @Test func aLateFailureTakesASuccessBack() {
    var breaker = breaker { $0.failureShare = 0.8 }
    for count in 1...10 {
      #expect(breaker.state == .closed)
      _ = call(&breaker, .succeeded, after: 1)
      let now = start + .seconds(1)
      let permit = CircuitBreaker.Permit(epoch: breaker.epoch)
      #expect(breaker.reportLateFailure(permit, at: now) == (count == 10))
      #expect(breaker.failureRate(at: now) == 1)
    }
    #expect(breaker.state == .open)
  }

  @Test func aLateFailureTakesBackOneOfTheWindowOrCountsAnew() {
    var breaker = breaker()
    let permit = CircuitBreaker.Permit(epoch: breaker.epoch)
    for _ in 0..<4 { _ = call(&breaker, .succeeded, after: 1) }
    // In a bucket without calls of its own.
    breaker.reportLateFailure(permit, at: start + .seconds(5))
    #expect(breaker.failureRate(at: start + .seconds(5)) == 0.25)
    // The window has nothing left of what was counted.
    for _ in 0..<9 { breaker.reportLateFailure(permit, at: start + .seconds(20)) }
    #expect(breaker.state == .closed && breaker.failureRate(at: start + .seconds(20)) == 1)
    #expect(breaker.reportLateFailure(permit, at: start + .seconds(20)) == true)
    // It says nothing of another state.
    #expect(breaker.reportLateFailure(permit, at: start + .seconds(20)) == false)
    _ = breaker.permit(at: start + .seconds(26))
    let probe = CircuitBreaker.Permit(epoch: breaker.epoch)
    #expect(breaker.reportLateFailure(probe, at: start + .seconds(26)) == false)
    #expect(breaker.state == .halfOpen)
  }

  @Test func fewCallsProveNothing() {
    var breaker = breaker()
    for _ in 0..<9 { _ = call(&breaker, .failed, after: 1) }
    #expect(breaker.state == .closed && breaker.failureRate(at: start + .seconds(1)) == 1)
    _ = call(&breaker, .failed, after: 1)
    #expect(breaker.state == .open)
  }

  @Test func whatLeftTheWindowCountsNoMore() {
    var breaker = breaker()
    for _ in 0..<9 { _ = call(&breaker, .failed, after: 0.5) }
    _ = call(&breaker, .failed, after: 11)
    #expect(breaker.state == .closed && breaker.failureRate(at: start + .seconds(11)) == 1)
    #expect(breaker.failureRate(at: start + .seconds(30)) == 0)
  }

  @Test func callersMistakesSayNothing() {
    var breaker = breaker()
    for _ in 0..<1000 { _ = call(&breaker, .silent, after: 1) }
    #expect(breaker.state == .closed && breaker.failureRate(at: start + .seconds(1)) == 0)
  }

  @Test func oneCallAtATimeTriesAndThreeClose() throws {
    var breaker = breaker()
    for _ in 0..<10 { _ = call(&breaker, .failed, after: 1) }
    #expect(breaker.permit(at: start + .seconds(5.9)) == nil)
    let now = start + .seconds(6)
    let first = breaker.permit(at: now)
    let probe = try #require(first)
    #expect(breaker.state == .halfOpen && breaker.permit(at: now) == nil)
    breaker.report(probe, .succeeded, at: now)
    // One that ends for reasons of its own makes room for the next and decides nothing.
    let second = breaker.permit(at: now)
    let silent = try #require(second)
    breaker.report(silent, .silent, at: now)
    #expect(call(&breaker, .succeeded, after: 6) && breaker.state == .halfOpen)
    #expect(call(&breaker, .succeeded, after: 6) && breaker.state == .closed)
    #expect(breaker.failureRate(at: now) == 0)
  }

  @Test func aProbeThatFailsOpensAgainForAnotherPause() {
    var breaker = breaker()
    for _ in 0..<10 { _ = call(&breaker, .failed, after: 1) }
    #expect(call(&breaker, .failed, after: 7) && breaker.state == .open)
    #expect(call(&breaker, .failed, after: 11.9) == false)
    #expect(call(&breaker, .succeeded, after: 12) && breaker.state == .halfOpen)
  }

  @Test func whatBeganBeforeItOpenedSaysNothingAfterwards() throws {
    var breaker = breaker()
    let early = breaker.permit(at: start)
    let late = try #require(early)
    for _ in 0..<10 { _ = call(&breaker, .failed, after: 1) }
    _ = breaker.permit(at: start + .seconds(6))
    #expect(breaker.report(late, .failed, at: start + .seconds(6)) == false)
    #expect(breaker.report(late, .succeeded, at: start + .seconds(6)) == false)
    #expect(breaker.state == .halfOpen)
  }

  /// Against every call of the window, counted one by one.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func opensExactlyWhenTheWindowsCallsSaySo(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var breaker = breaker { $0.failureShare = 0.3 }
    let failing = Double.random(in: 0...0.5, using: &random)
    var calls: [(bucket: Int, failed: Bool)] = []
    var milliseconds = 0
    for _ in 0..<3000 {
      milliseconds += Int.random(in: 0...400, using: &random)
      let bucket = milliseconds / 1000
      let failed = Double.random(in: 0..<1, using: &random) < failing
      calls.append((bucket, failed))
      calls.removeAll { $0.bucket <= bucket - 10 }
      #expect(call(&breaker, failed ? .failed : .succeeded, after: Double(milliseconds) / 1000))
      let failures = calls.count(where: \.failed)
      let isTripped = failed && calls.count >= 10 && Double(failures) >= 0.3 * Double(calls.count)
      #expect((breaker.state == .open) == isTripped)
      if isTripped { return }
    }
  }
}
