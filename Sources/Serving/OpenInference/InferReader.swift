internal import Messages

/// Makes the Predict that a ModelInfer asks for, or says what is wrong with its tensors.
struct InferReader {
  let request: OpenInference.ModelInferRequest
  /// Nil where the model that was asked for cannot answer: what stands in for it takes the same.
  let signature: ModelSignature?

  func predictRequest() throws(Status) -> ApusV1.PredictRequest {
    try checkOutputs()
    if let signature, let graph = signature.graph {
      return try call(
        with: TensorInstances(
          request: request, graph: graph, model: signature.model,
          maximum: signature.maximumInstances
        ).instances())
    }
    let expected = try expectedInput()
    let input = try input(expected)
    return try call(
      with: expected.datatype == .bytes
        ? try input.texts().map { ApusV1.Instance(kind: .text($0)) }
        : try input.rows().map { ApusV1.Instance(kind: .features(ApusV1.FeatureRow(values: $0))) })
  }

  private func call(with instances: [ApusV1.Instance]) throws(Status) -> ApusV1.PredictRequest {
    var call = ApusV1.PredictRequest(
      model: request.modelName, version: request.modelVersion, requestID: request.id)
    call.options = try ApusV1.PredictOptions(parameters: request.parameters)
    call.instances = instances
    return call
  }

  private func expectedInput() throws(Status) -> ModelSignature.Tensor {
    guard let signature else {
      return request.inputs.first?.name == ModelSignature.text.name
        ? ModelSignature.text : ModelSignature.features(-1)
    }
    guard let input = signature.inputs.first else {
      throw Status(
        .invalidArgument,
        "model \(signature.model) generates text: call StreamPredict, not ModelInfer")
    }
    return input
  }

  private func input(_ expected: ModelSignature.Tensor) throws(Status) -> InputTensor {
    let names = request.inputs.map(\.name)
    if let index = names.firstIndex(where: { $0 != expected.name }) {
      throw Validation.invalid(
        "inputs[\(index)].name",
        "\(subject) has no input `\(Validation.shown(names[index]))`; it takes `\(expected.name)`")
    }
    guard let tensor = request.inputs.first, names.count == 1 else {
      throw Validation.invalid(
        "inputs", "expected `\(expected.name)` once, got \(names.count) tensors")
    }
    return try InputTensor(
      tensor, at: 0, raw: try rawContents(), as: expected,
      atMost: signature?.maximumInstances ?? Self.mostInstances, of: subject)
  }

  /// What any model may be set to take at most.
  private static let mostInstances = 10_000

  private var subject: String { signature.map { "model \($0.model)" } ?? "a model" }

  /// The elements of the one input; nil where they are typed.
  private func rawContents() throws(Status) -> [UInt8]? {
    let raw = request.rawInputContents
    if raw.isEmpty { return nil }
    guard raw.count == request.inputs.count else {
      throw Validation.invalid(
        "raw_input_contents",
        "expected one for each of \(request.inputs.count) inputs, got \(raw.count)")
    }
    for (index, input) in request.inputs.enumerated() {
      guard input.contents?.counts.allSatisfy({ $0.count == 0 }) ?? true else {
        throw Validation.invalid(
          "inputs[\(index)].contents", "there are raw_input_contents too; give one of the two")
      }
    }
    return raw.first
  }

  private func checkOutputs() throws(Status) {
    var seen: Set<String> = []
    for (index, output) in request.outputs.enumerated() {
      guard seen.insert(output.name).inserted else {
        throw Validation.invalid(
          "outputs[\(index)].name", "`\(Validation.shown(output.name))` is there twice")
      }
      guard let signature, !signature.inputs.isEmpty else { continue }
      guard signature.outputs.contains(where: { $0.name == output.name }) else {
        let known = signature.outputs.map { "`\($0.name)`" }.joined(separator: ", ")
        throw Validation.invalid(
          "outputs[\(index)].name",
          "\(subject) has no output `\(Validation.shown(output.name))`; it gives \(known)")
      }
    }
  }
}
