import Inference
import Metrics
import Testing

@testable import Batching

@Suite struct BatchingMetricsTests {
  let registry = Registry()
  let engine: Engine
  let metrics: BatchingMetrics

  init() throws {
    engine = try Engine()
    metrics = BatchingMetrics(registry: registry, engine: engine)
  }

  /// The value of the one sample that begins with `name` and has the label, or of the only one.
  func value(_ name: String, _ label: String = "") -> String? {
    let lines = registry.exposition().split(separator: "\n").filter { line in
      line.hasPrefix(name) && [" ", "{"].contains(line.dropFirst(name.count).prefix(1))
        && (label.isEmpty || line.contains(label))
    }
    return lines.count == 1 ? lines[0].split(separator: " ").last.map(String.init) : nil
  }

  @Test func aBatcherCountsWhatItDoes() async throws {
    let fixture = try BatcherFixture(
      computeTime: .milliseconds(4), observer: metrics.batches(model: "squares", version: "3")
    ) { $0.maxQueueInputs = 3 }
    let first = await fixture.hold()
    let (good, bad) = (fixture.submit(10), fixture.submit(-5))
    let late = fixture.submit(20, queueTimeout: .milliseconds(2))
    await fixture.waiting(3)
    #expect(value("apus_predict_queue_inputs") == "3")
    #expect(value("apus_predict_queue_tokens") == "35")
    await #expect(throws: BatchingError.self) { try await fixture.submit(1).value }
    fixture.letGo()
    _ = try await first.value
    _ = try await good.value
    await #expect(throws: BatchingError.self) { try await bad.value }
    await #expect(throws: BatchingError.self) { try await late.value }
    // Everything is told before the last answer is given, or right after it on the same thread.
    await fixture.executor.flush()
    #expect(value("apus_predict_queue_inputs", "version=\"3\"") == "0")
    #expect(value("apus_predict_batch_inputs_count", "model=\"squares\"") == "2")
    #expect(value("apus_predict_batch_inputs_sum") == "3")
    #expect(value("apus_predict_batch_tokens_sum") == "16")
    #expect(value("apus_predict_queue_seconds_sum") == "0.004")
    #expect(value("apus_predict_compute_seconds_count") == "2")
    #expect(value("apus_predict_failed_inputs_total") == "1")
    #expect(value("apus_predict_dropped_inputs_total", "queue_full") == "1")
    #expect(value("apus_predict_dropped_inputs_total", "queue_timeout") == "1")
    #expect(value("apus_predict_dropped_inputs_total", "hopeless") == "0")
  }

  @Test func aSchedulerCountsWhatItDoes() async throws {
    let fixture = try SchedulerFixture(
      blockCount: 8, failsAt: 666, observer: metrics.sequences(model: "hash", version: "1")
    ) {
      $0.maxWaiting = 1
      $0.maxRunning = 1
    }
    #expect(value("apus_generate_kv_blocks") == "8")
    fixture.hold()
    let first = fixture.generate(fixture.request([1, 2, 3], max: 4))
    await fixture.inStep()
    let second = fixture.generate(fixture.request([666], max: 4))
    while await fixture.scheduler.load.waiting < 1 { await Task.yield() }
    #expect(value("apus_generate_running") == "1")
    #expect(value("apus_generate_waiting") == "1")
    #expect(value("apus_generate_kv_blocks_used") == "1")
    await #expect(throws: BatchingError.self) {
      try await fixture.generate(fixture.request([4])).value
    }
    fixture.letAllGo()
    _ = try await first.value
    await #expect(throws: BatchingError.self) { try await second.value }
    await fixture.executor.flush()
    #expect(value("apus_generate_running", "model=\"hash\"") == "0")
    #expect(value("apus_generate_kv_blocks_used") == "0")
    #expect(value("apus_generate_tokens_total") == "4")
    #expect(value("apus_generate_prompt_tokens_total") == "3")
    #expect(value("apus_generate_step_tokens_sum") == "\(3 + 3 + 1)")
    #expect(value("apus_generate_step_seconds_count") == "5")
    #expect(value("apus_generate_first_token_seconds_count") == "1")
    #expect(value("apus_generate_token_seconds_count") == "1")
    #expect(value("apus_generate_finished_total", "length") == "1")
    #expect(value("apus_generate_finished_total", "cancelled") == "0")
    #expect(value("apus_generate_failed_total") == "1")
    #expect(value("apus_generate_refused_total") == "1")
  }

  @Test func modelsShareNamesAndTheEngineIsCountedOnce() async throws {
    for model in ["a", "b"] {
      metrics.batches(model: model, version: "1").inputsDropped(2, reason: .cancelled)
      metrics.sequences(model: model, version: "1").sequenceRefused()
    }
    #expect(
      value("apus_predict_dropped_inputs_total", "model=\"b\",version=\"1\",reason=\"cancelled\"")
        == "2")
    #expect(value("apus_generate_refused_total", "model=\"a\"") == "1")
    #expect(value("apus_engine_waiting_models") == "0")
    try await engine.lane("a").run {}
    #expect(try #require(value("apus_engine_busy_seconds_total").flatMap(Double.init)) > 0)
  }
}
