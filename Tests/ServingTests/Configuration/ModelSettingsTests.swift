import Testing

@testable import Serving

@Suite struct ModelSettingsTests {
  @Test func allErrorsAreTold() {
    #expect {
      try read("queue_limits: 1\nqueue_limit: x\nkv_cache: [1]")
    } throws: { ($0 as? ConfigurationProblems)?.all.map(\.line) == [1, 2, 3] }
  }

  private func read(_ yaml: String) throws -> ModelSettings {
    try ModelSettings(yaml: Array(yaml.utf8), file: "model.yaml")
  }

  @Test func everyKeyIsRead() throws {
    let settings = try read(
      """
      description: "a model"   # with a comment
      max_queue_delay: 2ms
      max_batch_instances: 8
      max_batch_tokens: 512
      engine_slice: 7ms
      queue_limit: 16
      queue_tokens: 9000
      max_instances: 5
      max_sequences: 3
      stream_buffer: 2
      max_context: 100
      kv_cache: 1.5MiB
      chat_template: plain
      cache: true
      cache_ttl: 1m
      cache_per_key: true
      breaker_failures: 0.25
      breaker_latency: 1500ms
      breaker_calls: 7
      breaker_window: 30s
      breaker_pause: 2s
      breaker_overload: true
      fallback:
        - previous
        - model: other
        - static: {label: neutral, score: 0.5}
      """)
    #expect(settings.caches && settings.cachesPerKey && settings.cacheLifetime == .seconds(60))
    var breaker = BreakerSettings()
    breaker.failureShare = 0.25
    breaker.latency = .milliseconds(1500)
    breaker.minimumCalls = 7
    breaker.window = .seconds(30)
    breaker.pause = .seconds(2)
    breaker.countsOverload = true
    #expect(settings.breaker == breaker)
    #expect(
      settings.fallback == [.previous, .model("other"), .fixed(.label("neutral", score: 0.5))])
    #expect(settings.chatTemplate == "plain")
    #expect(settings.description == "a model")
    #expect(settings.maxQueueDelay == .milliseconds(2))
    #expect(settings.maxBatchInstances == 8)
    #expect(settings.maxBatchTokens == 512)
    #expect(settings.engineSlice == .milliseconds(7))
    #expect(settings.queueLimit == 16)
    #expect(settings.queueTokens == 9000)
    #expect(settings.streamBuffer == 2)
    #expect(settings.maxInstances == 5)
    #expect(settings.maxSequences == 3)
    #expect(settings.maxContext == 100)
    #expect(settings.keyValueBytes == 3 << 19)
  }

  @Test func theShortFormOfAChainIsRead() throws {
    #expect(
      try read("fallback: [previous, model: b-2, static: {values: [0, -1.5]}]").fallback
        == [.previous, .model("b-2"), .fixed(.values([0, -1.5]))])
  }

  @Test func whatFitsOnlySomeModelsIsToldOfThose() throws {
    let writer = ModelFacts(task: .generation, architecture: "llama", quantization: "q8_0")
    var labels = ModelFacts(task: .classification, architecture: "linear", quantization: "f32")
    labels.labels = ["a"]
    #expect(throws: ConfigurationError.self) {
      try read("cache: true").check(against: writer, of: "m/1")
    }
    try read("cache: true").check(against: labels, of: "m/1")
    try read("fallback: [static: {text: sorry}]").check(against: writer, of: "m/1")
    #expect(throws: ConfigurationError.self) {
      try read("fallback: [static: {text: sorry}]").check(against: labels, of: "m/1")
    }
  }

  @Test(arguments: ["", "# only a comment\n", "---\n"])
  func anEmptyFileGivesDefaults(_ yaml: String) throws {
    #expect(try read(yaml) == ModelSettings())
  }

  @Test(arguments: [
    ("max_rows: 8", 1, "max_rows is no key"),
    ("\nmax_batch_instances: many", 2, "`many`: expected a whole number from 1 to 4096"),
    ("max_batch_instances: 0", 1, "from 1 to 4096"),
    ("max_queue_delay: 2", 1, "`2`: expected a time from 0 to 10s"),
    ("max_queue_delay: inf s", 1, "expected a time"),
    ("engine_slice: 11s", 1, "from 0 to 10s"),
    ("kv_cache: 64MB", 1, "expected a size from 64KiB to 1024GiB"),
    ("chat_template: ../secret", 1, "expected a builtin template (plain), a template"),
    ("chat_template: ''", 1, "expected a builtin template"),
    ("cache: yes", 1, "expected true or false"),
    ("cache_ttl: 2d", 1, "from 1ms to 24h"),
    ("breaker_failures: 1.5", 1, "expected a number from 0 to 1"),
    ("breaker_calls: 0", 1, "from 1 to 1000000"),
    ("fallback: previous", 1, "expected a list of up to 8 steps"),
    ("fallback:\n  - previous\n  - later", 3, "a step is `previous`"),
    ("fallback: [model: ../x]", 1, "a step is"),
    ("fallback: [static: {label: a, text: b}]", 1, "a step is"),
    ("fallback: [static: {values: [1, nan]}]", 1, "a step is"),
    ("fallback: [static: {label: a, score: 2}]", 1, "a step is"),
    ("queue_limit: [1, 2]", 1, "expected one value"),
    ("queue_limit: 1\nqueue_limit: 2", 2, "given twice"),
    ("- a\n- b", 1, "expected `key: value` lines"),
    ("a: &x 1\nb: *x", 1, "anchors"),
    ("a: \"unclosed", 1, "unexpected end of stream"),
    (String(repeating: "[", count: 40), 1, "nested deeper"),
    ("description: a\n---\ndescription: b", 2, "only one YAML document"),
  ])
  func aWrongFileNamesItsLine(_ yaml: String, line: Int, reason: String) {
    #expect {
      try read(yaml)
    } throws: { error in
      guard let problems = error as? ConfigurationProblems, let error = problems.all.first
      else { return false }
      return problems.all.count == 1 && error.reason.contains(reason) && line == error.line
        && error.description.hasPrefix("model.yaml:")
    }
  }

  @Test func whatCountsAtLoadingIsToldApart() throws {
    let before = try read("description: a\ncache: true\nfallback: [previous]\nquantize: none")
    let after = try read(
      """
      description: b
      keep_versions: 3
      cache: true
      queue_limit: 7
      fallback: []
      quantize: dynamic
      labels: [a]
      image: {do_resize: false}
      """)
    #expect(after.keys(changedSince: before) == ["queue_limit", "quantize", "labels", "image"])
    #expect(after.keys(changedSince: after).isEmpty)
  }
}
