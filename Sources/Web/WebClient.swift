internal import Synchronization

/// Sends HTTP requests: a bounded number at once, a bounded number waiting, all on one thread of
/// the client's own. Ends when it is released, and its unanswered requests with it.
package final class WebClient: Sendable {
  package struct Configuration: Sendable {
    /// Where it may connect to. A client keeps connections open for its later requests, so that
    /// requests under another guard need another client.
    package var addresses = AddressGuard()
    /// Most requests at once.
    package var activeLimit = 32
    /// Most requests that wait for one to end.
    package var waitingLimit = 256
    /// Whether `http_proxy` and its like are heeded. A proxy connects in the client's stead, out of
    /// the guard's sight.
    package var usesProxyOfEnvironment = false
    /// File of the certificates (PEM) that are trusted instead of the system's.
    package var authorities: String?
    package var userAgent = "apus"
    package init() {}
  }

  private let loop: TransferLoop
  private let lastID = Atomic<UInt64>(0)

  /// Starts the thread.
  package init(_ configuration: Configuration = Configuration()) throws(WebError) {
    loop = try TransferLoop(configuration)
    try loop.start()
  }

  deinit { loop.close() }

  /// Ends all requests with `.closed`, and the thread. May be called more than once.
  package func close() { loop.close() }

  /// Sends a request and waits for the whole of its response.
  ///
  /// - Throws: why there is none; `.cancelled` when the task is cancelled.
  package func send(_ request: WebRequest) async throws(WebError) -> WebResponse {
    try await run(request, .memory)
  }

  /// Sends a request and writes the body of a success to a file, from its present position. The
  /// body of any other status comes with the response.
  ///
  /// - Parameter descriptor: open for writing, and the caller's to sync and close.
  /// - Throws: why there is no complete response; the file then holds a part of it.
  package func download(
    _ request: WebRequest, to descriptor: Int32
  ) async throws(WebError) -> WebResponse {
    try await run(request, .file(descriptor))
  }

  private func run(
    _ request: WebRequest, _ destination: ResponseAssembly.Destination
  ) async throws(WebError) -> WebResponse {
    try request.check()
    let id = lastID.wrappingAdd(1, ordering: .relaxed).newValue
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.submit(
          TransferOrder(id: id, request: request, destination: destination) {
            continuation.resume(returning: $0)
          })
        // A cancellation before this line found nothing to stop.
        if Task.isCancelled { loop.stop(id) }
      }
    } onCancel: {
      loop.stop(id)
    }
    return try outcome.get()
  }
}

extension WebRequest {
  /// - Throws: what would make another request of it.
  fileprivate func check() throws(WebError) {
    for (name, value) in headers {
      guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x3a }) else {
        throw WebError(.invalidRequest, host: url.place, "'\(name)' is no header's name")
      }
      guard value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7f) }) else {
        throw WebError(
          .invalidRequest, host: url.place, "the header \(name) holds a control character")
      }
    }
  }
}
