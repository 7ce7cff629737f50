internal import Batching
internal import Inference
internal import Messages
internal import Metrics
internal import Tokenizers

/// Has a request computed: cuts its texts into tokens, puts its instances into the model's batches,
/// and shapes what comes out.
struct BatchStage: Sendable {
  let longTexts: LongTextThread

  // One function for each kind, none of them inlined: a call's frame is to hold its own kind's work
  // and not that of all.
  func answer(_ call: PredictCall, _ model: ServedModel) async throws -> PredictAnswer {
    switch model.runner {
    case .embedding(let tokenizer, let batcher):
      try await embedding(call, model, tokenizer, batcher)
    case .classification(let tokenizer, let batcher):
      try await classification(call, model, tokenizer, batcher)
    case .rows(let batcher): try await rows(call, model, batcher)
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
    let texts = try await TokenizedTexts.encoding(call.request, model, tokenizer, long: longTexts)
    let normalizes = call.request.options?.normalize ?? model.facts.normalizes
    return try await answer(texts.ids, to: batcher, call, tokens: texts.tokens) {
      .embedding($0, normalizes: normalizes)
    }
  }

  @inline(never)
  private func classification(
    _ call: PredictCall, _ model: ServedModel, _ tokenizer: any Tokenizer,
    _ batcher: DynamicBatcher<ClassifierBackend>
  ) async throws -> PredictAnswer {
    let texts = try await TokenizedTexts.encoding(call.request, model, tokenizer, long: longTexts)
    return try await answer(texts.ids, to: batcher, call, tokens: texts.tokens) {
      .classification($0, labels: model.facts.labels, call.request.options)
    }
  }

  @inline(never)
  private func rows(
    _ call: PredictCall, _ model: ServedModel, _ batcher: DynamicBatcher<RowBackend>
  ) async throws -> PredictAnswer {
    let rows = try Validation.rows(call.request.instances, width: model.facts.rowWidth)
    return try await answer(rows, to: batcher, call, tokens: 0) {
      .rows($0, labels: model.facts.labels, call.request.options)
    }
  }

  private func answer<Backend: BatchBackend>(
    _ inputs: [Backend.Input], to batcher: DynamicBatcher<Backend>, _ call: PredictCall,
    tokens: Int, shape: (Backend.Output) -> ApusV1.Prediction
  ) async throws -> PredictAnswer {
    let prepared = ContinuousClock.now
    call.record?.ended(.prepare)
    // One instance is by far the commonest, and cheaper without the bookkeeping of a group.
    let answers =
      if inputs.count == 1 {
        [
          try await batcher.submit(
            inputs[0], deadline: call.deadline, queueTimeout: call.queueTimeout)
        ]
      } else {
        try await batcher.submit(
          all: inputs, deadline: call.deadline, queueTimeout: call.queueTimeout)
      }
    return Self.answer(answers, call, prepared: prepared, tokens: tokens, shape: shape)
  }

  private static func answer<Output>(
    _ answers: [BatchAnswer<Output>], _ call: PredictCall, prepared: ContinuousClock.Instant,
    tokens: Int, shape: (Output) -> ApusV1.Prediction
  ) -> PredictAnswer {
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
      predictions: answers.map { shape($0.output) }, tokens: tokens, timing: timing)
  }
}
