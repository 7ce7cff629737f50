internal import JSON

/// A small model on a vector: the embedding of an encoder, or a row of features. head.json says
/// what it is, head.safetensors holds it.
///
///     scores = classifier(activation(dense(input)))      with a dense layer
///     scores = classifier(activation(input))             without
///
/// head.json: `{"base": "minilm", "labels": ["negative", "positive"], "activation": "none"}`.
/// Without `base` the input is a feature row; without `labels` the scores are plain values.
package struct HeadModel: Sendable {
  package enum Activation: String, Sendable, CaseIterable { case none, tanh, relu }

  /// Name of the encoder model whose embedding goes in; nil for feature rows.
  package let base: String?
  /// One for each score, in order; none where the scores are values (only of feature rows).
  package let labels: [String]
  package let activation: Activation
  /// Values of the vector that goes in.
  package let inputWidth: Int
  /// [hidden, inputWidth]; `dense.*` in the file.
  package let dense: EncoderModel.Linear?
  /// [labels, hidden], or [labels, inputWidth] without a dense layer; `classifier.*`.
  package let classifier: EncoderModel.Linear

  package init(folder path: String) throws(ModelError) {
    let settings = try JSONFile(path: "\(path)/head.json")
    base = try settings.string("base")
    if base == "" { throw settings.problem("\"base\" must name the encoder model") }
    labels = try Self.labels(settings, required: base != nil)
    let name = try settings.string("activation") ?? "none"
    guard let activation = Activation(rawValue: name) else {
      let allowed = Activation.allCases.map(\.rawValue).joined(separator: ", ")
      throw settings.unsupported("\"activation\" is \"\(name)\"; allowed are \(allowed)")
    }
    self.activation = activation

    let file = try SafetensorsFile(path: "\(path)/head.safetensors")
    var table = TensorTable(file.tensors, path: file.path)
    let last = table.contains("dense.weight") ? "dense.weight" : "classifier.weight"
    let shape = table.shape(last) ?? []
    guard shape.count == 2, shape.allSatisfy({ 1...65_536 ~= $0 }) else {
      throw ModelError(
        .malformed, file.path, "tensor \(last) must have the shape [outputs, inputs]")
    }
    inputWidth = shape[1]
    dense =
      last == "dense.weight" ? try table.takeLinear("dense", shape[0], shape[1]) : nil
    let outputs = labels.isEmpty ? table.shape("classifier.weight")?.first ?? 0 : labels.count
    guard 1...65_536 ~= outputs else {
      throw ModelError(
        .malformed, file.path, "tensor classifier.weight must have 1 to 65536 rows")
    }
    classifier = try table.takeLinear(
      "classifier", outputs, dense == nil ? inputWidth : shape[0])
    try table.finish(architecture: "head")
  }

  private static func labels(_ file: JSONFile, required: Bool) throws(ModelError) -> [String] {
    if file.root["labels"] == nil, !required { return [] }
    guard let elements = file.root["labels"]?.elements, 1...10_000 ~= elements.count else {
      throw file.problem("\"labels\" must be an array of 1 to 10000 strings")
    }
    var labels: [String] = []
    for element in elements {
      guard let label = element.string, !label.isEmpty else {
        throw file.problem("\"labels\" must hold strings that are not empty")
      }
      labels.append(label)
    }
    guard Set(labels).count == labels.count else {
      throw file.problem("\"labels\" must hold each label once")
    }
    return labels
  }
}
