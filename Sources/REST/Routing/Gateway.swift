internal import Messages
internal import Synchronization

/// The calls that one HTTP request makes: adds its metadata and deadline to each, and keeps what
/// the answers' metadata say.
///
/// Generated clients are made on it, so a route calls a method as any gRPC client would.
final class Gateway: ClientTransport {
  private struct State {
    var calls = 0
    var last: (any ClientCall)?
  }

  private let transport: any ClientTransport
  private let metadata: Metadata
  private let deadline: ContinuousClock.Instant?
  private let state = Mutex(State())

  init(
    _ transport: any ClientTransport, metadata: Metadata, deadline: ContinuousClock.Instant?
  ) {
    self.transport = transport
    self.metadata = metadata
    self.deadline = deadline
  }

  var inference: ApusV1.InferenceClient { ApusV1.InferenceClient(self) }
  var openInference: OpenInference.GRPCInferenceServiceClient {
    OpenInference.GRPCInferenceServiceClient(self)
  }
  var accounts: ApusV1.AccountsClient { ApusV1.AccountsClient(self) }
  var control: ApusV1.ModelControlClient { ApusV1.ModelControlClient(self) }
  var jobs: ApusV1.JobsClient { ApusV1.JobsClient(self) }

  func open(path: String, options: CallOptions) async throws -> any ClientCall {
    var options = options
    options.metadata = metadata
    if let deadline {
      // A deadline that has passed is for the server to say: it counts the call then.
      options.timeout = max(.zero, ContinuousClock.now.duration(to: deadline))
    }
    let call = try await transport.open(path: path, options: options)
    state.withLock { state in
      state.calls += 1
      state.last = call
    }
    return call
  }

  /// Calls that were opened.
  var calls: Int { state.withLock { $0.calls } }

  /// Of the last call: its head's metadata, and those beside its status once it has ended.
  var answerMetadata: [Metadata] {
    guard let call = state.withLock({ $0.last }) else { return [] }
    return [call.initialMetadata, call.trailingMetadata]
  }
}
