internal import Synchronization
package import Web

/// The client that calls webhooks, made for the first call: it costs a thread and the megabytes of
/// libcurl, and most servers never call one.
package final class ClientOnDemand: Sendable {
  private struct State {
    var client: WebClient?
    var isClosed = false
  }

  private let configuration: WebClient.Configuration
  private let state = Mutex(State())

  package init(_ configuration: WebClient.Configuration) { self.configuration = configuration }

  package func started() throws(WebError) -> WebClient {
    try state.withLock { state throws(WebError) in
      if let client = state.client { return client }
      guard !state.isClosed else { throw WebError(.closed, host: "", "the client is closed") }
      let client = try WebClient(configuration)
      state.client = client
      return client
    }
  }

  /// Ends all requests, and makes no client any more.
  package func close() {
    let client = state.withLock { state in
      defer { state.client = nil }
      state.isClosed = true
      return state.client
    }
    client?.close()
  }
}
