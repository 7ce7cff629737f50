internal import Accounts
internal import Batching
internal import Images
internal import Inference
internal import Messages
internal import Metrics
internal import Tokenizers

/// Has a request computed: cuts its texts into tokens, prepares its pictures, puts its instances
/// into the model's batches, and shapes what comes out.
struct BatchStage: Sendable {
  let sides: SideThreads

  // One function for each kind, none of them inlined: a call's frame is to hold its own kind's work
  // and not that of all.
  func answer(_ call: PredictCall, _ model: ServedModel) async throws -> PredictAnswer {
    switch model.runner {
    case .embedding(let tokenizer, let batcher):
      try await embedding(call, model, tokenizer, batcher)
    case .classification(let tokenizer, let batcher):
      try await classification(call, model, tokenizer, batcher)
    case .rows(let batcher): try await rows(call, model, batcher)
    case .graph(let graph): try await self.graph(call, model, graph)
    case .generation: throw Self.generates(model)
    }
  }

  @inline(never)
  private static func generates(_ model: ServedModel) -> Status {
    Status(
      .invalidArgument, "model \(model.name) generates text: call StreamPredict, not Predict")
  }

  @inline(never)
  private func embedding(
    _ call: PredictCall, _ model: ServedModel, _ tokenizer: any Tokenizer,
    _ batcher: DynamicBatcher<EncoderBackend>
  ) async throws -> PredictAnswer {
    let texts = try await TokenizedTexts.encoding(
      call.request, model, tokenizer, long: sides.longTexts)
    let normalizes = call.request.options?.normalize ?? model.facts.normalizes
    return try await answer(texts.ids, to: batcher, call, tokens: texts.tokens) {
      .embedding($1, normalizes: normalizes)
    }
  }

  @inline(never)
  private func classification(
    _ call: PredictCall, _ model: ServedModel, _ tokenizer: any Tokenizer,
    _ batcher: DynamicBatcher<ClassifierBackend>
  ) async throws -> PredictAnswer {
    let texts = try await TokenizedTexts.encoding(
      call.request, model, tokenizer, long: sides.longTexts)
    return try await answer(texts.ids, to: batcher, call, tokens: texts.tokens) {
      .classification($1, labels: model.facts.labels, call.request.options)
    }
  }

  @inline(never)
  private func rows(
    _ call: PredictCall, _ model: ServedModel, _ batcher: DynamicBatcher<RowBackend>
  ) async throws -> PredictAnswer {
    let rows = try Validation.rows(call.request.instances, width: model.facts.rowWidth)
    return try await answer(rows, to: batcher, call, tokens: 0) {
      .rows($1, labels: model.facts.labels, call.request.options)
    }
  }

  @inline(never)
  private func graph(
    _ call: PredictCall, _ model: ServedModel, _ graph: GraphModel
  ) async throws -> PredictAnswer {
    let normalizes = call.request.options?.normalize ?? model.facts.normalizes
    if let reader = graph.face.texts, reader.isMeant(by: call.request) {
      let texts = try await TokenizedTexts.encoding(
        call.request, model, reader.tokenizer, long: sides.longTexts)
      let inputs = try reader.inputs(texts.ids, graph.backend.inputBudget)
      return try await answer(inputs, to: graph.batcher, call, tokens: texts.tokens) {
        try graph.prediction(
          of: $1, at: $0, call, normalizes: normalizes, tokens: texts.ids[$0].count)
      }
    }
    let (inputs, waited) = try await self.inputs(call, graph)
    return try await answer(inputs, to: graph.batcher, call, tokens: 0, waited: waited) {
      try graph.prediction(of: $1, at: $0, call, normalizes: normalizes)
    }
  }

  /// Checked here and now where that is short, on the threads that are made for it otherwise.
  ///
  /// - Returns: how long pictures have waited to be decoded, besides.
  @inline(never)
  private func inputs(
    _ call: PredictCall, _ graph: GraphModel
  ) async throws -> ([GraphBackend.Input], waited: Duration) {
    let isLong = graph.isLong(call.request)
    if graph.hasPictures(call.request) {
      let headers =
        if isLong {
          try await sides.headers.run { _ in try graph.headers(call.request) }
        } else {
          try graph.headers(call.request)
        }
      let pixels = headers.map { $0?.size.count ?? 0 }
      return try await sides.pictures.run(PictureThreads.Claim(call), pixels) { index in
        try graph.input(call.request, at: index, headers[index])
      }
    }
    guard isLong else { return (try graph.inputs(call.request), .zero) }
    let inputs = try await sides.longTexts.run { cancellation in
      try graph.inputs(call.request) { !cancellation.isRequested }
    }
    return (inputs, .zero)
  }

  /// - Parameters:
  ///   - waited: how much of its queue timeout is over.
  ///   - shape: makes a prediction of an output and its place in the request.
  private func answer<Backend: BatchBackend>(
    _ inputs: [Backend.Input], to batcher: DynamicBatcher<Backend>, _ call: PredictCall,
    tokens: Int, waited: Duration = .zero,
    shape: (Int, Backend.Output) throws -> ApusV1.Prediction
  ) async throws -> PredictAnswer {
    let prepared = ContinuousClock.now
    call.record?.ended(.prepare)
    // One instance is by far the commonest, and cheaper without the bookkeeping of a group.
    let answers =
      if inputs.count == 1 {
        [
          try await batcher.submit(
            inputs[0], deadline: call.deadline, queueTimeout: call.queueTimeout, waited: waited)
        ]
      } else {
        try await batcher.submit(
          all: inputs, deadline: call.deadline, queueTimeout: call.queueTimeout, waited: waited)
      }
    return try Self.answer(answers, call, prepared: prepared, tokens: tokens, shape: shape)
  }

  private static func answer<Output>(
    _ answers: [BatchAnswer<Output>], _ call: PredictCall, prepared: ContinuousClock.Instant,
    tokens: Int, shape: (Int, Output) throws -> ApusV1.Prediction
  ) throws -> PredictAnswer {
    let (queued, computed) = answers.reduce((Duration.zero, Duration.zero)) {
      (max($0.0, $1.queued), max($0.1, $1.compute))
    }
    call.record?.computed(queue: queued, compute: computed)
    var timing = ApusV1.Timing()
    timing.prepareMs = call.start.duration(to: prepared).milliseconds
    timing.queueMs = queued.milliseconds
    timing.computeMs = computed.milliseconds
    timing.batchSize = UInt32(answers.lazy.map(\.batchSize).max() ?? 0)
    return PredictAnswer(
      predictions: try answers.enumerated().map { try shape($0, $1.output) }, tokens: tokens,
      timing: timing)
  }
}

extension PictureThreads.Claim {
  fileprivate init(_ call: PredictCall) {
    self.init(
      owner: call.record?.caller.keyID ?? .anonymous, deadline: call.deadline,
      queueEnd: call.queueTimeout.map { .now.advanced(by: $0) })
  }
}
