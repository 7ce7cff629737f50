import Jobs
import Messages
import Metrics
import Testing

@testable import Serving

@Suite struct JobHandlersTests {
  /// Handlers of a server that keeps jobs of 64 bytes and less, with a model that is on its way.
  private func handlers() throws -> JobHandlers {
    let registry = ModelRegistry()
    var entry = ModelDirectory.Entry(name: "m")
    entry.versions = [ModelDirectory.Version(number: 1, path: "")]
    registry.merge(entry)
    registry.set("m", 1, to: .loading)
    var options = JobOptions()
    options.service.limits.payload = 64
    let log = try Log(format: .json, threshold: .error)
    let metrics = Registry()
    let book = try JobBook.open(":memory:", options, metrics: metrics, log: log)
    let deprecations = Deprecations(metrics: metrics)
    return JobHandlers(
      book: book, checks: JobChecks(registry: registry, deprecations: deprecations))
  }

  private func request(text: String = "a") -> ApusV1.SubmitJobRequest {
    var instance = ApusV1.Instance()
    instance.kind = .text(text)
    var work = ApusV1.PredictRequest()
    work.model = "m"
    work.instances = [instance]
    var request = ApusV1.SubmitJobRequest()
    request.work = .predict(work)
    return request
  }

  /// What is left to the queue is told as the contract calls it, and by the limits in force.
  @Test func refusalsNameTheirFields() async throws {
    let handlers = try handlers()
    var endless = request()
    endless.idempotencyKey = String(repeating: "k", count: 256)
    var inward = request()
    inward.webhookURL = "http://127.0.0.1/x"
    for (request, words) in [
      (request(text: String(repeating: "a", count: 64)), "predict: at most 64 bytes are kept"),
      (endless, "idempotency_key: 1 to 255 bytes are allowed, got 256"),
      (inward, "webhook_url: the webhook's address is loopback"),
    ] {
      let status = await #expect(throws: Status.self) {
        try await handlers.submitJob(request, context: CallContext(path: "/p"))
      }
      #expect(status?.code == .invalidArgument && status?.message.hasPrefix(words) == true)
    }
    let taken = try await handlers.submitJob(request(), context: CallContext(path: "/p"))
    #expect(taken.job?.state == .queued)
  }
}
