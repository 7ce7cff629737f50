internal import Batching
internal import Inference

/// What can be set of one model: in `<models>/<name>/model.yaml`, and over that in apus.yaml under
/// `models`. Every key has a default, where what it bounds is; an unknown key is an error.
package struct ModelSettings: Settable, Equatable {
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

  /// Memory for the values that a graph computes, in bytes.
  package var graphBytes = GraphOptions().valueBytes
  /// Time for one run of a graph.
  package var graphTime = GraphOptions().runTime
  /// What a graph is told besides; a version's own file may say other things.
  package var graph = GraphSettings()

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

  /// - Parameter file: the name to use in errors.
  /// - Throws: with all that is wrong, not only the first.
  package init(yaml bytes: [UInt8], file: String) throws(ConfigurationProblems) {
    self.init()
    var problems: [ConfigurationError] = []
    let reader = SettingsReader(file: file, place: "")
    let root: YAMLNode?
    do throws(ConfigurationError) { root = try YAMLReader.read(bytes, file: file) } catch {
      throw ConfigurationProblems([error])
    }
    if let root, !root.isEmpty {
      for (setting, entry, text) in reader.read(
        root, Self.table, others: ["fallback"] + GraphSettings.keys, &problems)
      {
        reader.apply(setting, text, entry, to: &self, &problems)
      }
      graph.read(root, reader, &problems)
      readFallback(root, file, &problems)
    }
    problems.sort { $0.line < $1.line }
    if !problems.isEmpty { throw ConfigurationProblems(problems) }
  }

  /// A key whose value has parts of its own, as those of `GraphSettings` have.
  private mutating func readFallback(
    _ root: YAMLNode, _ file: String, _ problems: inout [ConfigurationError]
  ) {
    guard case .mapping(let entries) = root.content,
      let entry = entries.first(where: { $0.key == "fallback" })
    else { return }
    do throws(ConfigurationError) {
      fallback = try FallbackStep.steps(entry.value) { node, reason in
        ConfigurationError(file: file, line: node.line, "fallback: \(reason)")
      }
    } catch {
      problems.append(error)
    }
  }
}
