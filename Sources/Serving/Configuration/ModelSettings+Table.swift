extension ModelSettings {
  package typealias Entry = Setting<ModelSettings>

  /// All keys of a model. What is not live comes into force with the next version that is loaded.
  package static let table: [Entry] = [
    Entry(
      "description", "shown by apus models",
      SettingValue("TEXT", expected: "a text of at most 4096 bytes", unset: "empty") {
        $0.description
      } write: { (root, text) throws(SettingProblem) in
        guard text.utf8.count <= 4096 else { throw .unexpected }
        root.description = text
      }, change: .live),
    Entry(
      "keep_versions", "newest versions that answer", .count(\.keepVersions, 1...100),
      change: .live),
    Entry("max_queue_delay", "longest wait for company", .time(\.maxQueueDelay, delay)),
    Entry("max_batch_instances", "instances in one batch", .count(\.maxBatchInstances, 1...4096)),
    Entry(
      "max_batch_tokens", "tokens in one batch, or in one step of a language model",
      .count(\.maxBatchTokens, 1...1_048_576, unset: "4096; 256 in a step")),
    Entry(
      "engine_slice", "engine time of a batch while other models have work",
      .time(\.engineSlice, delay)),
    Entry("queue_limit", "instances or prompts that wait", .count(\.queueLimit, 1...1_048_576)),
    Entry(
      "queue_tokens", "tokens of what waits",
      .count(\.queueTokens, 1...1_073_741_824, unset: "1048576; 262144 of prompts")),
    Entry("max_instances", "instances in one Predict", .count(\.maxInstances, 1...10_000)),
    Entry("max_sequences", "streams that generate at once", .count(\.maxSequences, 1...4096)),
    Entry(
      "stream_buffer", "tokens kept for a slow reader of a stream",
      .count(\.streamBuffer, 1...65_536)),
    Entry(
      "max_context", "tokens of prompt and answer together", .count(\.maxContext, 16...1_048_576)),
    Entry(
      "kv_cache", "memory for keys and values of a language model",
      .size(\.keyValueBytes, (1 << 16)...(1 << 40))),
    Entry(
      "chat_template", "how a language model takes conversations",
      SettingValue(
        "TEMPLATE",
        expected: "a builtin template (\(ChatFormat.builtinNames)), a template, or the name of a "
          + "file beside model.yaml", unset: "the model file's own", read: { $0.chatTemplate }
      ) { root, text throws(SettingProblem) in
        guard ChatFormat.mayName(text) else { throw .unexpected }
        root.chatTemplate = text
      }),
    Entry(
      "graph_memory", "memory for the values that a graph computes",
      .size(\.graphBytes, (1 << 20)...(1 << 40))),
    Entry(
      "graph_time", "time for one run of a graph",
      .time(\.graphTime, .milliseconds(1)...(.seconds(3600)))),
    Entry("cache", "answers are kept for who asks the same again", .toggle(\.caches)),
    Entry(
      "cache_ttl", "for how long", .time(\.cacheLifetime, .milliseconds(1)...(.seconds(86_400)))),
    Entry("cache_per_key", "each key has answers of its own", .toggle(\.cachesPerKey)),
    Entry(
      "breaker_failures", "share of failed calls that keeps calls away; 0 is no breaker",
      SettingValue(
        "SHARE", expected: "a number from 0 to 1", read: { "\($0.breaker.failureShare)" }
      ) { root, text throws(SettingProblem) in
        guard let share = Double(text), (0...1).contains(share) else { throw .unexpected }
        root.breaker.failureShare = share
      }),
    Entry(
      "breaker_latency", "a call that takes longer counts as failed",
      SettingValue(
        "TIME", expected: "a time from 1us to 1h", unset: "no bound",
        read: { $0.breaker.latency.map { Quantity.text($0) } }
      ) { root, text throws(SettingProblem) in
        guard let time = Quantity.duration(text), time >= .microseconds(1), time <= .seconds(3600)
        else { throw .unexpected }
        root.breaker.latency = time
      }),
    Entry(
      "breaker_calls", "calls that the window must hold",
      .count(\.breaker.minimumCalls, 1...1_000_000)),
    Entry(
      "breaker_window", "how far back calls count", .time(\.breaker.window, breaker)),
    Entry("breaker_pause", "until calls are tried again", .time(\.breaker.pause, breaker)),
    Entry("breaker_overload", "a full queue counts as failed", .toggle(\.breaker.countsOverload)),
  ]

  private static let breaker = Duration.milliseconds(100)...(.seconds(3600))

  private static let delay = Duration.zero...(.seconds(10))
}
