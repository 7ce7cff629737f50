import Testing

@testable import Batching

@Suite struct CostModelTests {
  @Test func saysNothingBeforeItHasSeenEnough() {
    var model = CostModel()
    for sample in 1..<CostModel.minimumSamples {
      model.observe(tokens: sample, duration: .milliseconds(sample))
      #expect(model.seconds(tokens: 10) == nil)
    }
    model.observe(tokens: 8, duration: .milliseconds(8))
    #expect(model.seconds(tokens: 10) != nil)
  }

  @Test(arguments: [(2.0, 0.0), (0.5, 3.0), (0.0, 4.0)])
  func findsTheLine(slope: Double, start: Double) throws {
    var model = CostModel()
    for round in 0..<100 {
      let tokens = 10 + (round * 37) % 90
      model.observe(tokens: tokens, duration: .seconds(slope * Double(tokens) + start))
    }
    let one = try #require(model.seconds(tokens: 200))
    #expect(abs(one - (slope * 200 + start)) < 1e-6 * one + 1e-6)
    let split = try #require(model.seconds(tokens: 200, batches: 2))
    #expect(abs(split - (slope * 200 + 2 * start)) < 1e-6 * split + 1e-6)
  }

  @Test func neverPromisesThatMoreTokensAreFaster() throws {
    var model = CostModel()
    for round in 0..<40 {
      let tokens = round % 2 == 0 ? 10 : 100
      model.observe(tokens: tokens, duration: .milliseconds(tokens == 10 ? 50 : 5))
    }
    #expect(try #require(model.seconds(tokens: 100)) >= #require(model.seconds(tokens: 10)))
    #expect(try #require(model.seconds(tokens: 0)) >= 0)
  }

  @Test func batchesAllAlikeDoNotChargeSmallOnesInFull() throws {
    var model = CostModel()
    for _ in 0..<40 { model.observe(tokens: 1000, duration: .seconds(1)) }
    #expect(try #require(model.seconds(tokens: 1000)) == 1)
    #expect(try #require(model.seconds(tokens: 100)) <= 0.1 + 1e-9)
    #expect(try #require(model.seconds(tokens: 5000)) == 1)
    #expect(try #require(model.seconds(tokens: 2000, batches: 2)) == 2)
  }

  @Test func onePauseOfTheMachineIsNotBelieved() throws {
    var model = CostModel()
    for _ in 0..<40 { model.observe(tokens: 100, duration: .milliseconds(10)) }
    model.observe(tokens: 100, duration: .seconds(60))
    #expect(try #require(model.seconds(tokens: 100)) < 0.012)
  }

  // MARK: The other way round

  @Test func oneMeasurementIsEnoughToKeepABatchShort() throws {
    var model = CostModel()
    #expect(model.tokens(within: .milliseconds(20)) == nil)
    model.observe(tokens: 50, duration: .milliseconds(10))
    #expect(try #require(model.tokens(within: .milliseconds(20))) == 100)
  }

  @Test(arguments: [(2.0, 5.0, 20.0, 7), (0.5, 0.0, 20.0, 40), (1.0, 30.0, 20.0, 30)])
  func tokensAreThoseOfTheLine(
    slope: Double, start: Double, limit: Double, expected: Int
  ) throws {
    var model = CostModel()
    for round in 0..<100 {
      let tokens = 10 + (round * 37) % 90
      model.observe(tokens: tokens, duration: .seconds((slope * Double(tokens) + start) / 1000))
    }
    // In the last case the start alone is over the limit: as long again is allowed for tokens.
    let found = try #require(model.tokens(within: .seconds(limit / 1000)))
    #expect(abs(found - expected) <= 1)
  }

  @Test func batchesAllAlikeCountInProportionBothWays() throws {
    var model = CostModel()
    for _ in 0..<40 { model.observe(tokens: 1000, duration: .seconds(1)) }
    #expect(abs(try #require(model.tokens(within: .milliseconds(20))) - 20) <= 1)
    #expect(abs(try #require(model.tokens(within: .seconds(3))) - 3000) <= 1)
  }

  @Test func tokensThatCostNothingAreMany() throws {
    var model = CostModel()
    for _ in 0..<40 { model.observe(tokens: 10, duration: .zero) }
    #expect(try #require(model.tokens(within: .milliseconds(20))) >= 1_000_000)
  }
}
