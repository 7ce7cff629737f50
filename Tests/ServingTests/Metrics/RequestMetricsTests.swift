import Accounts
import Bytes
import Messages
import Metrics
import Testing
import Time

@testable import Batching
@testable import RPC
@testable import Serving

@Suite struct RequestMetricsTests {
  let registry = Registry()
  let families: RequestFamilies
  let metrics: RequestMetrics

  init() {
    families = RequestFamilies(registry, loops: 2)
    metrics = RequestMetrics(families: families)
  }

  private func value(_ series: String) -> Double? {
    registry.exposition().split(separator: "\n").first { $0.hasPrefix(series + " ") }
      .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
  }

  private func end(
    _ method: String = "Predict", _ code: Status.Code = .ok,
    _ duration: Duration = .milliseconds(4), loop: Int = 0,
    _ change: (CallRecord) -> Void = { _ in }
  ) {
    let context = CallContext(path: "/apus.v1.Inference/\(method)")
    let caller = Caller.anonymous(isAdmin: false, limits: .unlimited)
    let record = CallRecord(caller: caller, time: .now())
    context.attachment = record
    change(record)
    metrics.callEnded(
      EndedCall(
        context: context, status: Status(code), duration: duration, received: .init(),
        sent: .init(), loop: loop))
  }

  private func version(
    _ model: String, _ version: String, generates: Bool = false
  ) -> VersionMetrics {
    VersionMetrics(families, model: model, version: version, generates: generates) {}
  }

  @Test func callsAreCountedByMethodModelVersionAndStatus() {
    let found = version("minilm", "3")
    for loop in 0..<2 {
      end(loop: loop) { record in
        record.update { facts in
          facts.metrics = found
          facts.instances = 2
          facts.tokensIn = 7
        }
        record.computed(queue: .milliseconds(1), compute: .milliseconds(2))
      }
    }
    end("Predict", .invalidArgument) { $0.update { $0.metrics = found } }
    end("StreamPredict", .invalidArgument) { $0.update { $0.metrics = found } }
    end("ListModels")
    let model = #"model="minilm",version="3""#
    func requests(_ method: String, _ status: String) -> Double? {
      let method = "method=\"/apus.v1.Inference/\(method)\""
      return value("apus_requests_total{\(method),\(model),status=\"\(status)\"}")
    }
    #expect(requests("Predict", "OK") == 2)
    #expect(requests("Predict", "INVALID_ARGUMENT") == 1)
    #expect(requests("StreamPredict", "INVALID_ARGUMENT") == 1)
    #expect(families.requests.count == 3, "a method of no model is none of these")
    #expect(value("apus_request_seconds_count{\(model)}") == 4)
    #expect(value("apus_request_seconds_sum{\(model)}") == 0.016)
    #expect(value("apus_request_instances_total{\(model)}") == 4)
    #expect(value("apus_request_tokens_total{\(model),direction=\"in\"}") == 14)
    #expect(value("apus_request_queue_seconds_count{\(model)}") == 2)
    #expect(value("apus_request_stage_seconds_total{\(model),stage=\"compute\"}") == 0.004)
  }

  @Test func namesThatCallersMakeUpAreOne() {
    // What a handler knows of a model that there is not: nothing.
    for _ in 0..<10_000 { end("Predict", .notFound) }
    end("Predict", .notFound) { $0.update { $0.model = "minilm" } }
    #expect(families.requests.count == 2)
    func notFound(_ model: String) -> Double? {
      let labels = "model=\"\(model)\",version=\"(unknown)\",status=\"NOT_FOUND\""
      return value("apus_requests_total{method=\"/apus.v1.Inference/Predict\",\(labels)}")
    }
    #expect(notFound("(unknown)") == 10_000 && notFound("minilm") == 1)
    #expect(!ModelName.isValid(RequestFamilies.unknown), "no model can be called so")
  }

  @Test func refusalsByALimitAreCountedByItsName() {
    for _ in 0..<3 {
      end("Predict", .resourceExhausted) { record in
        record.update { facts in
          facts.model = "minilm"
          facts.limit = "model-tokens"
        }
      }
    }
    end("ListModels", .resourceExhausted) { $0.update { $0.limit = "requests" } }
    #expect(value(#"apus_limit_refusals_total{model="minilm",limit="model-tokens"}"#) == 3)
    #expect(value(#"apus_limit_refusals_total{model="(unknown)",limit="requests"}"#) == 1)
  }

  @Test func aVersionsSeriesGoWithIt() {
    for number in 1...50 {
      let found = version("rows", "\(number)")
      end { $0.update { $0.metrics = found } }
      end("Predict", .cancelled) { $0.update { $0.metrics = found } }
      registry.forget(["model": "rows", "version": "\(number)"])
    }
    #expect(families.requests.count == 0 && families.seconds.count == 0)
    #expect(families.stageSeconds.count == 0 && families.tokens.count == 0)
  }

  @Test func theNamesOfTriton() throws {
    let engine = try Engine()
    let batching = BatchingMetrics(registry: registry, engine: engine)
    TritonMetrics.register(families, batching, in: registry)
    let found = version("minilm", "3")
    let batches = batching.batches(model: "minilm", version: "3")
    batches.queueChanged(inputs: 5, tokens: 50)
    batches.batchComputed(
      BatchReport(inputs: 8, tokens: 80, queued: .zero, compute: .zero, failures: 0))
    end { record in
      record.update { $0.metrics = found }
      record.computed(queue: .milliseconds(1), compute: .milliseconds(2))
    }
    for code in [Status.Code.resourceExhausted, .cancelled, .internal, .unavailable] {
      end("Predict", code) { $0.update { $0.metrics = found } }
    }
    end("ModelInfer") { $0.update { $0.metrics = found } }
    let model = #"model="minilm",version="3""#
    #expect(value("nv_inference_request_success{\(model)}") == 2, "by whichever method")
    for reason in ["REJECTED", "CANCELED", "BACKEND", "OTHER"] {
      #expect(value("nv_inference_request_failure{\(model),reason=\"\(reason)\"}") == 1)
    }
    #expect(value("nv_inference_count{\(model)}") == 8)
    #expect(value("nv_inference_exec_count{\(model)}") == 1)
    #expect(value("nv_inference_pending_request_count{\(model)}") == 5)
    #expect(value("nv_inference_request_duration_us{\(model)}") == 24_000)
    #expect(value("nv_inference_queue_duration_us{\(model)}") == 1_000)
    #expect(value("nv_inference_compute_infer_duration_us{\(model)}") == 2_000)
  }

  @Test func theNamesOfVLLM() throws {
    let engine = try Engine()
    let batching = BatchingMetrics(registry: registry, engine: engine)
    VLLMMetrics.register(families, batching, in: registry)
    let found = version("teller", "1", generates: true)
    end { $0.update { $0.metrics = version("minilm", "1") } }
    let sequences = batching.sequences(model: "teller", version: "1")
    sequences.loadChanged(SequenceLoad(running: 2, waiting: 3, blocksInUse: 1, blockCount: 4))
    sequences.stepComputed(
      SequenceStepReport(
        sequences: 2, tokens: 2, generated: 2, compute: .milliseconds(9),
        tokenGaps: [.milliseconds(10), .milliseconds(20)], preempted: 1))
    for reason in [FinishReason.stop, .endOfSequence, .length, .cancelled, .deadline] {
      sequences.sequenceFinished(
        GenerationSummary(
          reason: reason, promptTokens: 5, generatedTokens: 2, queued: .zero,
          timeToFirstToken: .milliseconds(30), total: .milliseconds(50)))
    }
    end("StreamPredict", .ok, .milliseconds(50)) { $0.update { $0.metrics = found } }
    let model = #"model_name="teller",version="1""#
    #expect(value("vllm:num_requests_running{\(model)}") == 2)
    #expect(value("vllm:num_requests_waiting{\(model)}") == 3)
    #expect(value("vllm:kv_cache_usage_perc{\(model)}") == 0.25)
    #expect(value("vllm:num_preemptions_total{\(model)}") == 1)
    #expect(value("vllm:prompt_tokens_total{\(model)}") == 25)
    #expect(value("vllm:generation_tokens_total{\(model)}") == 2)
    #expect(value("vllm:inter_token_latency_seconds_count{\(model)}") == 2)
    #expect(value("vllm:inter_token_latency_seconds_sum{\(model)}") == 0.03)
    #expect(value("vllm:time_to_first_token_seconds_count{\(model)}") == 5)
    #expect(value("vllm:e2e_request_latency_seconds_sum{\(model)}") == 0.05)
    #expect(value("vllm:request_success_total{\(model),finished_reason=\"stop\"}") == 2)
    #expect(value("vllm:request_success_total{\(model),finished_reason=\"length\"}") == 1)
    #expect(value("vllm:request_success_total{\(model),finished_reason=\"abort\"}") == 2)
    #expect(!registry.exposition().contains(#"model_name="minilm""#), "it generates nothing")
  }
}
