import Metrics
import Testing

@Suite struct FamilyTests {
  @Test func whatHasGoneIsToldOfNoMore() {
    let registry = Registry()
    let calls = registry.counters("calls_total", help: "", labels: ["method", "model", "version"])
    let queue = registry.gauges("queue", help: "", labels: ["model", "version"])
    let other = registry.counters("others_total", help: "", labels: ["model"])
    let held = calls.with("m", "a", "1")
    for version in ["1", "2"] {
      calls.with("m", "a", version).increment()
      calls.with("m", "b", version).increment()
      queue.with("a", version).set(3)
    }
    other.with("a").increment()
    registry.forget(["model": "a", "version": "1"])
    #expect(calls.series.map(\.values) == [["m", "a", "2"], ["m", "b", "1"], ["m", "b", "2"]])
    #expect(queue.series.map(\.values) == [["a", "2"]])
    #expect(other.count == 1, "it has no versions")
    // Whoever still holds the series does no harm, and who comes anew begins at zero.
    held.increment()
    #expect(calls.with("m", "a", "1").value == 0)
    registry.forget(["model": "a"])
    #expect(calls.series.map(\.values) == [["m", "b", "1"], ["m", "b", "2"]])
    #expect(queue.count == 0 && other.count == 0)
  }

  @Test func whatIsForgottenMakesRoom() {
    let registry = Registry()
    let calls = registry.counters("calls_total", help: "", labels: ["version"], bound: 2)
    for version in 0..<100 {
      calls.with("\(version)").increment()
      #expect(calls.series.map(\.values).contains(["\(version)"]))
      registry.forget(["version": "\(version)"])
    }
    #expect(calls.count == 0)
  }

  @Test func theSameFiguresUnderAnotherName() {
    let registry = Registry()
    let seconds = registry.histograms(
      "seconds", help: "", unit: .seconds, detail: .within5Percent, labels: ["model", "version"])
    registry.renamed(seconds, "theirs:seconds", help: "Theirs.", labels: ["model_name"]) { values in
      values[1] == "1" ? [values[0]] : nil
    }
    #expect(!registry.exposition().contains("theirs"), "there is nothing yet")
    seconds.with("a", "1").record(.milliseconds(3))
    seconds.with("a", "2").record(.milliseconds(3))
    let lines = registry.exposition().split(separator: "\n").filter { $0.hasPrefix("theirs") }
    #expect(lines.count == 27 + 3)
    #expect(lines.contains(#"theirs:seconds_bucket{model_name="a",le="0.002097152"} 0"#))
    #expect(lines.contains(#"theirs:seconds_bucket{model_name="a",le="0.004194304"} 1"#))
    #expect(lines.contains(#"theirs:seconds_sum{model_name="a"} 0.003"#))
  }

  @Test func readingsAndSecondsCounted() {
    let registry = Registry()
    registry.readings("states", help: "", kind: .gauge, labels: ["state"]) {
      [Reading(["a\"b"], 1), Reading(["c"], 0.5)]
    }
    let stages = registry.counters(
      "stage_seconds_total", help: "", labels: ["stage"], unit: .seconds)
    stages.with("queue").increment(by: 1_500_000)
    let text = registry.exposition()
    #expect(text.contains("states{state=\"a\\\"b\"} 1\nstates{state=\"c\"} 0.5\n"))
    #expect(text.contains("stage_seconds_total{stage=\"queue\"} 0.0015\n"))
  }
}
