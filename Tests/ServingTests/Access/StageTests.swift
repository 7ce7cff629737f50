import EventLoop
import Testing

@testable import Serving

@Suite struct StageTests {
  private func at(_ microseconds: UInt64) -> LoopInstant {
    LoopInstant(nanoseconds: microseconds * 1000)
  }

  @Test func eachStageBeginsWithTheEndOfTheOneBefore() {
    let stages = StageTimes(since: at(100))
    stages.end(.access, now: at(112))
    stages.end(.decode, now: at(112))
    stages.end(.routing, now: at(112))
    stages.end(.limits, now: at(1112))
    stages.end(queue: .milliseconds(2), compute: .microseconds(34_567), now: at(40_000))
    stages.end(.format, now: at(40_005))
    #expect(stages[.access] == 12_000 && stages[.limits] == 1_000_000)
    #expect(stages[.decode] == 1, "it was there")
    #expect(stages[.format] == 5_000, "the way back from the engine is nobody's")
    #expect(stages[.validation] == 0)
    #expect(
      stages.serverTiming
        == "access;dur=0.012, decode;dur=0.000, routing;dur=0.000, limits;dur=1.000, "
        + "queue;dur=2.000, compute;dur=34.567, format;dur=0.005")
  }

  @Test func aClockThatStandsStillDoesNoHarm() {
    let stages = StageTimes(since: at(100))
    stages.end(.access, now: at(50))
    stages.end(queue: .seconds(-1), compute: .zero, now: at(50))
    #expect(stages[.access] == 1 && stages[.queue] == 1 && stages[.compute] == 1)
  }

  @Test func everyStageHasAPlaceAndAName() {
    let stages = StageTimes(since: at(0))
    for stage in Stage.allCases { stages.end(stage, now: at(UInt64(stage.rawValue + 1) * 10)) }
    let names = stages.serverTiming.split(separator: ", ").map { $0.split(separator: ";")[0] }
    #expect(names.map(String.init) == Stage.allCases.map(\.name))
    #expect(Set(names).count == Stage.allCases.count)
  }
}
