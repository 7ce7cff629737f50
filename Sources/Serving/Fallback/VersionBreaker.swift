internal import Batching
internal import Messages
internal import Synchronization

/// The circuit breaker of one loaded version: tells the model's failures from everybody else's.
final class VersionBreaker: Sendable {
  private let model: String
  private let version: String
  private let settings: BreakerSettings
  private let metrics: BreakerMetrics
  private let log: Log
  private let machine: Mutex<CircuitBreaker>
  /// The machine's epoch while calls pass, else -1: those that pass take no lock to begin.
  private let closedEpoch = Atomic(0)

  init(
    model: String, version: String, settings: BreakerSettings, metrics: BreakerMetrics, log: Log
  ) {
    self.model = model
    self.version = version
    self.settings = settings
    self.metrics = metrics
    self.log = log
    machine = Mutex(CircuitBreaker(settings, at: .now))
    metrics.show(model, version, .closed)
  }

  /// State and failed share of the window's calls.
  var reading: (state: CircuitBreaker.State, failureRate: Double) {
    machine.withLock { ($0.state, $0.failureRate(at: .now)) }
  }

  /// Runs `body`, unless the version fails too often.
  ///
  /// - Throws: what `body` throws, as a `Status` where batching threw it; UNAVAILABLE with retry
  ///   advice while calls are kept away.
  func guarding<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
    guard settings.failureShare > 0 else {
      do { return try await body() } catch { throw Self.status(error) }
    }
    let start = ContinuousClock.now
    let permit = try permit(at: start)
    do {
      let answer = try await body()
      answered(permit, since: start)
      return answer
    } catch {
      throw failed(permit, error)
    }
  }

  private func answered(_ permit: CircuitBreaker.Permit, since start: ContinuousClock.Instant) {
    let end = ContinuousClock.now
    let isLate = settings.latency.map { start.duration(to: end) > $0 } ?? false
    report(permit, isLate ? .failed : .succeeded, at: end)
  }

  /// Not inlined, as every call's frame would have room for it.
  ///
  /// - Returns: what to throw.
  @inline(never)
  private func failed(_ permit: CircuitBreaker.Permit, _ error: any Error) -> any Error {
    report(permit, verdict(error), at: .now)
    return Self.status(error)
  }

  /// What batching throws, for clients; other errors as they are.
  private static func status(_ error: any Error) -> any Error {
    (error as? BatchingError).map { Status($0) } ?? error
  }

  /// A failure of a call that had been reported as a success.
  func reportLateFailure(_ error: any Error) {
    let epoch = closedEpoch.load(ordering: .relaxed)
    guard settings.failureShare > 0, epoch >= 0, verdict(error) == .failed else { return }
    _ = change { $0.reportLateFailure(CircuitBreaker.Permit(epoch: epoch), at: .now) }
  }

  /// What an error says of the model. Callers' mistakes, clients that went, shutdown and, unless
  /// the settings say otherwise, a full queue say nothing; nor does a deadline that left the model
  /// less time than it may take.
  private func verdict(_ error: any Error) -> CircuitBreaker.Verdict {
    if let error = error as? BatchingError {
      switch error.code {
      case .overran: return (error.computed ?? .zero) >= settings.leastOverrun ? .failed : .silent
      case .backendFailed: return Status(error).code == .internal ? .failed : .silent
      case .queueFull, .queueTimeout, .hopeless:
        return settings.countsOverload && error.retryAfter != nil ? .failed : .silent
      case .deadlineExceeded, .tooLarge, .invalidRequest, .stopped, .unread: return .silent
      }
    }
    if let status = error as? Status {
      return [.internal, .unknown, .dataLoss].contains(status.code) ? .failed : .silent
    }
    return error is CancellationError ? .silent : .failed
  }

  // MARK: The machine

  private func permit(at now: ContinuousClock.Instant) throws(Status) -> CircuitBreaker.Permit {
    let epoch = closedEpoch.load(ordering: .relaxed)
    if epoch >= 0 { return CircuitBreaker.Permit(epoch: epoch) }
    let (permit, wait) = change { ($0.permit(at: now), $0.wait(at: now)) }
    if let permit { return permit }
    metrics.refused(model, version)
    var status = Status(
      .unavailable, "version \(version) of model \(model) failed too often; calls are kept away")
    status.addRetryAdvice(wait)
    throw status
  }

  private func report(
    _ permit: CircuitBreaker.Permit, _ verdict: CircuitBreaker.Verdict,
    at now: ContinuousClock.Instant
  ) {
    if verdict == .succeeded, closedEpoch.load(ordering: .relaxed) >= 0 {
      _ = machine.withLock { $0.report(permit, verdict, at: now) }
    } else {
      _ = change { $0.report(permit, verdict, at: now) }
    }
  }

  /// Tells metrics and log where the state has changed.
  private func change<Result: Sendable>(
    _ body: (inout CircuitBreaker) -> Result
  ) -> Result {
    let (result, state) = machine.withLock { machine -> (Result, CircuitBreaker.State?) in
      let before = machine.state
      let result = body(&machine)
      closedEpoch.store(machine.state == .closed ? machine.epoch : -1, ordering: .relaxed)
      guard machine.state != before else { return (result, nil) }
      // Under the lock, so that the gauge shows the last change last.
      metrics.moved(model, version, to: machine.state)
      return (result, machine.state)
    }
    if let state {
      log.warning(
        "breaker", ("model", .text(model)), ("version", .text(version)),
        ("state", .text(state.rawValue)))
    }
    return result
  }
}
