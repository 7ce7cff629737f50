internal import Inference
internal import Messages

/// The tensors that a model takes and gives under the Open Inference Protocol. The first dimension
/// of each counts instances.
struct ModelSignature: Sendable, Equatable {
  struct Tensor: Sendable, Equatable {
    let name: String
    let datatype: Datatype
    /// -1 stands for any size.
    let shape: [Int64]

    init(_ name: String, _ datatype: Datatype, _ shape: [Int64]) {
      self.name = name
      self.datatype = datatype
      self.shape = shape
    }
  }

  let model: String
  /// None for a model that is not called this way.
  let inputs: [Tensor]
  let outputs: [Tensor]
  let maximumInstances: Int
  /// Of a model that takes tensors by their own names; nil for one that takes texts or rows.
  var graph: GraphSignature?

  init(_ model: ServedModel) {
    let facts = model.facts
    switch model.runner {
    case .embedding:
      self.init(model.name, [Self.text], [Self.embedding(facts.embeddingSize)], facts)
    case .classification:
      self.init(model.name, [Self.text], Self.classification(facts.labels.count), facts)
    case .rows:
      self.init(
        model.name, [Self.features(facts.rowWidth)],
        facts.labels.isEmpty ? [Self.values] : Self.classification(facts.labels.count), facts)
    case .generation: self.init(model.name, [], [], facts)
    case .graph(let graph):
      let signature = graph.backend.signature
      let rows = signature.hasRows
      self.init(
        model.name, signature.inputs.map { Tensor($0, rows: rows) },
        signature.outputs.map { Tensor($0, rows: rows) }, facts)
      self.graph = signature
    }
  }

  init(_ model: String, _ inputs: [Tensor], _ outputs: [Tensor], _ facts: ModelFacts) {
    self.model = model
    self.inputs = inputs
    self.outputs = outputs
    maximumInstances = facts.maximumInstances
  }

  // MARK: Kinds of tensors

  static let text = Tensor("text", .bytes, [-1])
  static func features(_ width: Int) -> Tensor { Tensor("features", .fp32, [-1, Int64(width)]) }

  static func embedding(_ size: Int) -> Tensor { Tensor("embedding", .fp32, [-1, Int64(size)]) }
  /// What they hold of each instance stands in the order of falling scores.
  static func classification(_ labels: Int) -> [Tensor] {
    [
      Tensor("label", .bytes, [-1]), Tensor("labels", .bytes, [-1, Int64(labels)]),
      Tensor("scores", .fp32, [-1, Int64(labels)]),
    ]
  }
  static let values = Tensor("values", .fp32, [-1, -1])
}

extension ModelSignature {
  /// - Parameter versions: those that can be asked for.
  func metadata(platform: String, versions: [String]) -> OpenInference.ModelMetadataResponse {
    OpenInference.ModelMetadataResponse(
      name: model, versions: versions, platform: platform, inputs: inputs.map(\.metadata),
      outputs: outputs.map(\.metadata))
  }
}

extension ModelSignature.Tensor {
  fileprivate init(_ port: GraphSignature.Port, rows: Bool) {
    self.init(
      port.name, Datatype(rawValue: port.dataType.name) ?? .fp32, port.wireShape(rows: rows))
  }

  fileprivate var metadata: OpenInference.ModelMetadataResponse.TensorMetadata {
    OpenInference.ModelMetadataResponse.TensorMetadata(
      name: name, datatype: datatype.rawValue, shape: shape)
  }
}
