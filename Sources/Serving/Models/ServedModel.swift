package import Batching
package import Inference
internal import Synchronization
package import Tokenizers

/// One loaded version of a model: what it is, and how it is called.
package final class ServedModel: Sendable {
  package let name: String
  package let version: Int
  /// As callers see it.
  package let versionText: String
  package let facts: ModelFacts
  package let runner: Runner
  /// Which loading of a version this is; no two of a process share a number.
  let generation: UInt64
  /// Nil where its answers are not kept.
  let cache: CachePlan?
  let breaker: VersionBreaker

  private static let generations = Atomic<UInt64>(0)

  /// What turns instances into predictions; one case per task.
  package enum Runner: Sendable {
    case embedding(any Tokenizer, DynamicBatcher<EncoderBackend>)
    case classification(any Tokenizer, DynamicBatcher<ClassifierBackend>)
    case rows(DynamicBatcher<RowBackend>)
    case generation(SequenceModel)
    case graph(GraphModel)
  }

  /// A language model with what surrounds it.
  package struct SequenceModel: Sendable {
    package let tokenizer: SentencePieceTokenizer
    package let scheduler: SequenceScheduler
    package let stopTokens: [Int32]
    package let chat: ChatSupport
  }

  /// Goes after all the rest, which is destroyed in the order it stands here, and tells.
  let metrics: VersionMetrics

  init(
    name: String, version: Int, facts: ModelFacts, runner: Runner, cache: CachePlan?,
    breaker: VersionBreaker, metrics: VersionMetrics
  ) {
    generation = Self.generations.wrappingAdd(1, ordering: .relaxed).newValue
    self.cache = cache
    self.breaker = breaker
    self.metrics = metrics
    self.name = name
    self.version = version
    versionText = String(version)
    self.facts = facts
    self.runner = runner
  }
}

/// What callers may know of a loaded version.
package struct ModelFacts: Sendable, Equatable {
  package enum Task: Sendable, Equatable {
    case embedding, classification, regression, tensors, generation
  }

  package var task: Task
  /// Family of the graph: `bert`, `llama`, `linear`.
  package var architecture: String
  /// How weights are held: `int8`, `q8_0`, `f32`.
  package var quantization: String
  package var parameters: Int = 0
  package var memoryBytes: Int = 0
  /// Most tokens of one text; 0 for models without tokens.
  package var maximumTokens: Int = 0
  package var maximumInstances: Int = 100
  package var embeddingSize: Int = 0
  /// Whether embeddings are scaled to length 1 unless a request asks otherwise.
  package var normalizes = false
  package var labels: [String] = []
  /// How pictures are prepared, in words; empty for models that take none.
  package var pictures = ""
  package var contextLength: Int = 0
  /// What the model was made for; above `contextLength` where settings bound that.
  package var trainedContextLength: Int = 0
  package var vocabularySize: Int = 0
  /// Values of one feature row; 0 for models that take none.
  package var rowWidth: Int = 0
  /// The tensors of a graph; nil for other models.
  package var graph: GraphSignature?
}
