internal import Accounts
internal import EventLoop
internal import Jobs
internal import Messages
internal import RPC
internal import Synchronization

/// Does a job: calls the method that it is for, within the process, as its owner. So it meets the
/// same limits, handlers, batches, usage records and log as everybody's calls.
final class JobWork: Sendable {
  /// Kinds of jobs, as they stand in the database.
  enum Kind: String {
    /// Payload: PredictRequest; result: PredictResponse.
    case predict
    /// Payload: StreamPredictRequest; result: Generation.
    case generate
  }

  private let resultLimit: Int
  private let server = Mutex<RPC.Server?>(nil)

  /// - Parameter resultLimit: bytes after which a text is not gathered further.
  init(resultLimit: Int) { self.resultLimit = resultLimit }

  /// Whose methods are called; nil when no more are.
  func use(_ server: RPC.Server?) { self.server.withLock { $0 = server } }

  func perform(_ job: ClaimedJob) async throws -> [UInt8] {
    guard let server = server.withLock({ $0 }) else {
      throw JobFailure(code: "UNAVAILABLE", message: "the server is shutting down")
    }
    guard let owner = KeyID(job.owner), let kind = Kind(rawValue: job.kind) else {
      throw JobFailure(code: "INTERNAL", message: "this server does not know such jobs")
    }
    let loop = server.group.next()
    let calls = ApusV1.InferenceClient(
      server.localTransport(on: loop, peer: "job", attachment: JobOwner(owner)))
    return try await withTaskExecutorPreference(loop) { try await repeatedly(job, kind, calls) }
  }

  /// Until the call is made, or refused for good.
  @concurrent
  private func repeatedly(
    _ job: ClaimedJob, _ kind: Kind, _ calls: ApusV1.InferenceClient
  ) async throws -> [UInt8] {
    // Log lines and answers name the job, unless its request has a name of its own.
    let options = CallOptions(metadata: ["x-request-id": job.claim.id])
    var pauses = JobPause()
    while true {
      do {
        return switch kind {
        case .predict: try await predict(job.payload, calls, options)
        case .generate: try await generate(job.payload, calls, options)
        }
      } catch let status as Status {
        try Task.checkCancellation()
        guard let pause = pauses.next(after: status) else {
          throw JobFailure(code: status.code.name, message: status.message)
        }
        try await Task.sleep(for: pause)
      }
    }
  }

  private func predict(
    _ payload: [UInt8], _ calls: ApusV1.InferenceClient, _ options: CallOptions
  ) async throws -> [UInt8] {
    try await calls.predict(try ApusV1.PredictRequest(payload), options: options).encoded()
  }

  private func generate(
    _ payload: [UInt8], _ calls: ApusV1.InferenceClient, _ options: CallOptions
  ) async throws -> [UInt8] {
    let stream = try await calls.streamPredict(
      try ApusV1.StreamPredictRequest(payload), options: options)
    var generation = ApusV1.Generation()
    while let part = try await stream.next() {
      generation.text += part.text
      guard generation.text.utf8.count <= resultLimit else {
        stream.cancel()
        throw JobFailure(
          code: "RESOURCE_EXHAUSTED",
          message: "the text is longer than \(resultLimit) bytes, as much as is kept of one")
      }
      if !part.model.isEmpty { (generation.model, generation.version) = (part.model, part.version) }
      if part.finishReason != .unspecified { generation.finishReason = part.finishReason }
      if let usage = part.usage { generation.usage = usage }
    }
    return generation.encoded()
  }
}
