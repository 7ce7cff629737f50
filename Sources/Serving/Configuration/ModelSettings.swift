internal import Batching
internal import Inference

/// What `<models>/<name>/model.yaml` may say. Every key has a default, where what it bounds is; an
/// unknown key is an error.
package struct ModelSettings: Sendable, Equatable {
  /// Shown by `apus models`.
  package var description = ""
  /// Longest wait for company before a batch starts; zero batches only while the engine is busy.
  package var maxQueueDelay: Duration = .zero
  /// Most instances in one batch.
  package var maxBatchInstances = BatchOptions().maxBatchInputs
  /// Most tokens in one batch, or in one step of a language model; nil: 4096, or 256 in a step.
  package var maxBatchTokens: Int?
  /// Engine time that one batch or step may take, as predicted, while other models have work too.
  package var engineSlice = EngineTurn.shared
  /// Most instances waiting; one more is answered RESOURCE_EXHAUSTED.
  package var queueLimit = BatchOptions().maxQueueInputs
  /// Most tokens of waiting instances or prompts; nil: 1048576 or, if those are more, a whole
  /// request of the longest texts; 262144 of prompts.
  package var queueTokens: Int?
  /// Most instances in one Predict request.
  package var maxInstances = 100
  /// Most sequences of a language model generating at once.
  package var maxSequences = SequenceOptions().maxRunning
  /// Tokens kept for a slow reader of a stream before its generation pauses.
  package var streamBuffer = SequenceOptions().streamBuffer
  /// Memory for keys and values of a language model, in bytes.
  package var keyValueBytes = LlamaBackend.Limits().kvBytes
  /// Most tokens of prompt and answer together of a language model, were it made for more.
  package var maxContext = LlamaBackend.Limits().contextLength
  /// How a language model takes conversations, in place of what its file says: the name of a
  /// builtin template, the template itself, or the name of a file beside model.yaml.
  package var chatTemplate: String?

  /// Newest versions that answer; older ones are loaded when somebody asks for them or a label
  /// points at them.
  package var keepVersions = 1

  /// Whether answers are kept for who asks the same again.
  package var caches = false
  /// For how long.
  package var cacheLifetime: Duration = .seconds(300)
  /// Whether each key has answers of its own.
  package var cachesPerKey = false
  package var breaker = BreakerSettings()
  /// What answers in place of a version that cannot, in this order.
  package var fallback: [FallbackStep] = []

  package init() {}

  static let keys = [
    "description", "keep_versions", "max_queue_delay", "max_batch_instances", "max_batch_tokens",
    "engine_slice",
    "queue_limit", "queue_tokens", "max_instances", "max_sequences", "stream_buffer", "max_context",
    "kv_cache", "chat_template", "cache", "cache_ttl", "cache_per_key", "breaker_failures",
    "breaker_latency", "breaker_calls", "breaker_window", "breaker_pause", "breaker_overload",
    "fallback",
  ]

  package init(yaml bytes: [UInt8], file: String) throws(ConfigurationError) {
    self.init()
    guard let root = try YAMLReader.read(bytes, file: file) else { return }
    if case .scalar("") = root.content { return }
    guard case .mapping(let entries) = root.content else {
      throw ConfigurationError(
        file: file, line: root.line, "expected `key: value` lines; keys are \(Self.allowed)")
    }
    for entry in entries { try apply(entry, file: file) }
  }

  private static var allowed: String { keys.joined(separator: ", ") }

  private mutating func apply(_ entry: YAMLNode.Entry, file: String) throws(ConfigurationError) {
    func fail(_ reason: String) -> ConfigurationError {
      ConfigurationError(file: file, line: entry.line, "\(entry.key): \(reason)")
    }
    if entry.key == "fallback" {
      fallback = try FallbackStep.steps(entry.value) { node, reason in
        ConfigurationError(file: file, line: node.line, "fallback: \(reason)")
      }
      return
    }
    guard case .scalar(let text) = entry.value.content else { throw fail("expected one value") }
    func count(_ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
      guard let number = Int(text), range.contains(number) else {
        throw fail(
          "`\(text)` is no whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    func time() throws(ConfigurationError) -> Duration {
      guard let time = Quantity.duration(text), time <= .seconds(10) else {
        throw fail("`\(text)` is no time from 0 to 10s, such as 500us or 2ms")
      }
      return time
    }
    switch entry.key {
    case "description": description = text
    case "keep_versions": keepVersions = try count(1...100)
    case "max_queue_delay": maxQueueDelay = try time()
    case "max_batch_instances": maxBatchInstances = try count(1...4096)
    case "max_batch_tokens": maxBatchTokens = try count(1...1_048_576)
    case "engine_slice": engineSlice = try time()
    case "queue_limit": queueLimit = try count(1...1_048_576)
    case "queue_tokens": queueTokens = try count(1...1_073_741_824)
    case "max_instances": maxInstances = try count(1...10_000)
    case "max_sequences": maxSequences = try count(1...4096)
    case "stream_buffer": streamBuffer = try count(1...65_536)
    case "max_context": maxContext = try count(16...1_048_576)
    case "kv_cache":
      guard let bytes = Quantity.bytes(text), (1 << 16...1 << 40).contains(bytes) else {
        throw fail("`\(text)` is no size from 64KiB to 1024GiB, such as 64MiB")
      }
      keyValueBytes = bytes
    case "chat_template":
      guard ChatFormat.mayName(text) else {
        throw fail(
          "`\(text.prefix(64))` is neither a builtin template (\(ChatFormat.builtinNames)), nor a "
            + "template, nor the name of a file beside model.yaml")
      }
      chatTemplate = text
    default:
      if try applyService(entry.key, text, fail) { return }
      throw ConfigurationError(
        file: file, line: entry.line,
        "\(entry.key) is no key of model.yaml; keys are \(Self.allowed)")
    }
  }
}
