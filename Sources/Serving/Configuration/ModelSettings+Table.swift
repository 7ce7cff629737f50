extension ModelSettings {
  package typealias Entry = Setting<ModelSettings>

  /// All keys of a model. What is not live comes into force with the next version that is loaded.
  package static let table: [Entry] = [
    Entry(
      "description", "shown by apus models",
      SettingValue("TEXT", expected: "a text", unset: "empty") {
        $0.description
      } write: {
        $0.description = $1
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
  ]

  private static let delay = Duration.zero...(.seconds(10))
}
