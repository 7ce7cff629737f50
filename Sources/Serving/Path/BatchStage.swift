internal import Batching
internal import Inference
internal import Messages
internal import Metrics

/// Has a request computed: cuts its texts into tokens, puts its instances into the model's batches,
/// and shapes what comes out.
struct BatchStage: Sendable {
  let longTexts: LongTextThread

  func answer(_ call: PredictCall, _ model: ServedModel) async throws -> PredictAnswer {
    let (labels, options) = (model.facts.labels, call.request.options)
    switch model.runner {
    case .embedding(let tokenizer, let batcher):
      let texts = try await TokenizedTexts.encoding(
        call.request, model, tokenizer, long: longTexts)
      let normalizes = options?.normalize ?? model.facts.normalizes
      return try await answer(texts.ids, to: batcher, call, tokens: texts.tokens) {
        .embedding($0, normalizes: normalizes)
      }
    case .classification(let tokenizer, let batcher):
      let texts = try await TokenizedTexts.encoding(
        call.request, model, tokenizer, long: longTexts)
      return try await answer(texts.ids, to: batcher, call, tokens: texts.tokens) {
        .classification($0, labels: labels, options)
      }
    case .rows(let batcher):
      let rows = try Validation.rows(call.request.instances, width: model.facts.rowWidth)
      return try await answer(rows, to: batcher, call, tokens: 0) {
        .rows($0, labels: labels, options)
      }
    case .generation:
      throw Status(
        .invalidArgument, "model \(model.name) generates text: call StreamPredict, not Predict")
    }
  }

  private func answer<Backend: BatchBackend>(
    _ inputs: [Backend.Input], to batcher: DynamicBatcher<Backend>, _ call: PredictCall,
    tokens: Int, shape: (Backend.Output) -> ApusV1.Prediction
  ) async throws -> PredictAnswer {
    let prepared = ContinuousClock.now
    call.record?.ended(.prepare)
    let answers: [BatchAnswer<Backend.Output>]
    // One instance is by far the commonest, and cheaper without the bookkeeping of a group.
    if inputs.count == 1 {
      answers = [
        try await batcher.submit(
          inputs[0], deadline: call.deadline, queueTimeout: call.queueTimeout)
      ]
    } else {
      answers = try await batcher.submit(
        all: inputs, deadline: call.deadline, queueTimeout: call.queueTimeout)
    }
    let (queued, computed) = answers.reduce((Duration.zero, Duration.zero)) {
      (max($0.0, $1.queued), max($0.1, $1.compute))
    }
    call.record?.computed(queue: queued, compute: computed)
    var answer = PredictAnswer(predictions: answers.map { shape($0.output) }, tokens: tokens)
    answer.timing.prepareMs = call.start.duration(to: prepared).milliseconds
    answer.timing.queueMs = queued.milliseconds
    answer.timing.computeMs = computed.milliseconds
    answer.timing.batchSize = UInt32(answers.map(\.batchSize).max() ?? 0)
    return answer
  }
}
