import Metrics
import Testing

@testable import Batching
@testable import Serving

/// What of a call's end says something of the model.
@Suite struct VersionBreakerTests {
  private func state(
    after error: any Error, _ change: (inout BreakerSettings) -> Void = { _ in }
  ) async throws -> CircuitBreaker.State {
    var settings = BreakerSettings()
    change(&settings)
    let breaker = try VersionBreaker(
      model: "m", version: "1", settings: settings, metrics: BreakerMetrics(Metrics.Registry()),
      log: Log(format: .json, threshold: .error))
    for _ in 0..<settings.minimumCalls {
      _ = try? await breaker.guarding { () async throws -> Int in throw error }
    }
    return breaker.reading.state
  }

  /// Else one caller's tiny deadlines would close a model to everybody.
  @Test func aDeadlineThatLeavesTheModelNoTimeSaysNothingOfIt() async throws {
    #expect(try await state(after: BatchingError.overran(after: .milliseconds(5))) == .closed)
    #expect(try await state(after: BatchingError.overran(after: .milliseconds(999))) == .closed)
    #expect(try await state(after: BatchingError.expired) == .closed)
    #expect(try await state(after: CancellationError()) == .closed)
  }

  @Test func aModelThatComputedForLongHasFailed() async throws {
    #expect(try await state(after: BatchingError.overran(after: .seconds(1))) == .open)
    // How long that is can be set.
    let short = BatchingError.overran(after: .milliseconds(50))
    #expect(try await state(after: short) { $0.latency = .milliseconds(50) } == .open)
    let long = BatchingError.overran(after: .seconds(2))
    #expect(try await state(after: long) { $0.latency = .seconds(3) } == .closed)
  }
}
