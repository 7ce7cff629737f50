internal import Batching
internal import Images
internal import Inference
internal import Messages
internal import Models

/// A graph as it is served.
package struct GraphModel: Sendable {
  let name: String
  let backend: GraphBackend
  let batcher: DynamicBatcher<GraphBackend>
  let face: GraphFace

  /// - Parameter isWanted: asked between instances.
  func inputs(
    _ request: ApusV1.PredictRequest, while isWanted: () -> Bool = { true }
  ) throws(Status) -> [GraphBackend.Input] {
    var inputs: [GraphBackend.Input] = []
    inputs.reserveCapacity(request.instances.count)
    for index in request.instances.indices {
      guard isWanted() else { throw Status(.cancelled, "the answer is not wanted any more") }
      inputs.append(try input(request, at: index, nil))
    }
    return inputs
  }

  /// Takes milliseconds where the instance is a picture.
  ///
  /// - Parameter header: of a picture.
  func input(
    _ request: ApusV1.PredictRequest, at index: Int, _ header: ImageHeader?
  ) throws(Status) -> GraphBackend.Input {
    let field = "instances[\(index)]"
    var input = try input(request.instances[index], header, field, request.options)
    input.title = field
    return input
  }

  /// Whether checking a request is work that no loop should do.
  func isLong(_ request: ApusV1.PredictRequest) -> Bool {
    RequestWeight(hasColumns: face.features?.hasColumns ?? false).isLong(request)
  }

  func hasPictures(_ request: ApusV1.PredictRequest) -> Bool {
    face.pictures != nil
      && request.instances.contains { if case .image = $0.kind { true } else { false } }
  }

  /// What the pictures say of themselves; nil for an instance that is none.
  ///
  /// - Throws: where a picture is not to be decoded.
  func headers(_ request: ApusV1.PredictRequest) throws(Status) -> [ImageHeader?] {
    var headers: [ImageHeader?] = []
    headers.reserveCapacity(request.instances.count)
    for (index, instance) in request.instances.enumerated() {
      guard case .image(let image) = instance.kind, let pictures = face.pictures else {
        headers.append(nil)
        continue
      }
      headers.append(try pictures.header(image, "instances[\(index)].image"))
    }
    return headers
  }

  /// - Parameter tokens: of each text, where the instances are texts.
  func prediction(
    of values: [GraphValue], at index: Int, _ call: PredictCall, normalizes: Bool,
    tokens: Int = 0
  ) throws(Status) -> ApusV1.Prediction {
    if case .tensors = call.request.instances[index].kind {
      return try face.answers.tensors(values)
    }
    return try face.answers.prediction(of: values, call, normalizes: normalizes, tokens: tokens)
  }

  private func input(
    _ instance: ApusV1.Instance, _ header: ImageHeader?, _ field: String,
    _ options: ApusV1.PredictOptions?
  ) throws(Status) -> GraphBackend.Input {
    switch instance.kind {
    case .tensors(let named)?:
      if options?.topK ?? 0 > 0 {
        throw Validation.invalid(
          "options.top_k", "tensors are answered with tensors, whole; leave it out")
      }
      let reader = TensorReader(
        model: name, signature: backend.signature, budget: backend.inputBudget)
      return try reader.inputs(named, "\(field).tensors")
    case .features(let row)?:
      if let features = face.features {
        return try features.inputs(row, "\(field).features", backend.inputBudget)
      }
    case .image(let image)?:
      if let pictures = face.pictures, let header {
        return try pictures.inputs(image, header, "\(field).image", backend.inputBudget)
      }
    case .text?, nil: break
    }
    throw Validation.invalid(
      field, "model \(name) takes \(face.kinds), got \(Validation.kind(of: instance))")
  }
}
