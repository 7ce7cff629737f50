internal import Batching
internal import Images
internal import Inference
internal import Models
internal import Tokenizers

/// What becomes of a graph: its facts, and what runs it.
extension ModelInstaller {
  func serve(
    _ backend: GraphBackend, _ settings: GraphSettings, of version: ModelDirectory.Version,
    _ place: Place
  ) throws -> Made {
    let (signature, traits) = (backend.signature, backend.traits)
    let face = try GraphFace(
      signature, traits, version: version.path, model: version.modelFolder, settings,
      images: images)
    // Of sizes that the graph leaves open, the files beside it tell these.
    if let pictures = face.pictures, let input = signature.inputs.first,
      !input.isFixed(hasRows: true)
    {
      try trial(place) {
        try backend.warmUp(shapes: [input.name: pictures.sampleShape], for: $0)
      }
    }
    let tokens = face.texts?.maximumTokens ?? 1
    try place.checkBatch(tokens: tokens)
    var facts = ModelFacts(
      task: face.answers.task, architecture: "onnx", quantization: face.weights)
    facts.parameters = traits.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = face.texts?.maximumTokens ?? 0
    facts.maximumInstances = place.settings.maxInstances
    facts.vocabularySize = face.texts?.tokenizer.vocabularySize ?? 0
    facts.labels = face.answers.labels
    facts.pictures = face.pictures?.preparation.words ?? ""
    facts.normalizes = face.normalizes
    if case .embedding(let output, _) = face.answers.kind,
      case .fixed(let width)? = signature.outputs[output].shape?.last
    {
      facts.embeddingSize = width
    }
    facts.graph = signature
    let graph = GraphModel(
      name: place.model, backend: backend, batcher: place.batcher(backend, tokens: tokens),
      face: face)
    return (facts, .graph(graph))
  }
}

extension GraphAnswers {
  fileprivate var task: ModelFacts.Task {
    switch kind {
    case .classification: .classification
    case .embedding: .embedding
    case .values: isRegression ? .regression : .tensors
    case .tensors: .tensors
    }
  }
}
