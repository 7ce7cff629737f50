import Jobs
import Testing
import Time
import Web

@Suite struct WebhookPolicyTests {
  private let policy = WebhookPolicy()

  private func outcome(
    _ status: Int, calls: Int = 1, spread: Double = 0.5, retryAfter: String? = nil
  ) -> DeliveryOutcome {
    let headers = retryAfter.map { [(name: "retry-after", value: $0)] } ?? []
    return policy.outcome(
      of: .success(WebResponse(status: status, headers: headers, body: [])), calls: calls,
      at: start, spread: spread)
  }

  private func pause(_ outcome: DeliveryOutcome) -> Duration? {
    if case .retry(let time, _) = outcome { start.duration(to: time) } else { nil }
  }

  @Test func theScheduleRunsFromSecondsToADay() {
    for (index, delay) in WebhookPolicy.delays.enumerated() {
      #expect(pause(outcome(500, calls: index + 1)) == delay)
      for spread in [0, 0.25, 0.999_999] {
        let spreaded = pause(outcome(500, calls: index + 1, spread: spread)) ?? .zero
        #expect(spreaded >= .seconds(5) && spreaded <= .seconds(86_400))
        #expect(spreaded >= delay * 0.8 - .milliseconds(1) && spreaded <= delay * 1.2)
      }
    }
    #expect(
      WebhookPolicy.delays.first == .seconds(5) && WebhookPolicy.delays.last == .seconds(86_400))
    #expect(
      outcome(500, calls: 10)
        == .dead(error: "the receiver answered 500; given up after 10 calls"))
  }

  @Test func eachAnswerHasItsConsequence() {
    for status in [200, 201, 204, 299] { #expect(outcome(status) == .delivered) }
    for status in [301, 302, 400, 401, 404, 429, 500, 503] {
      #expect(pause(outcome(status)) == .seconds(5))
    }
    guard case .gone = outcome(410) else {
      Issue.record("410 means gone")
      return
    }
  }

  @Test func theReceiversWishIsHeededWithinADay() {
    #expect(pause(outcome(503, retryAfter: "60")) == .seconds(60))
    #expect(pause(outcome(503, retryAfter: "1")) == .seconds(5))
    #expect(pause(outcome(503, retryAfter: "-9")) == .seconds(5))
    #expect(pause(outcome(503, retryAfter: "99999999999")) == .seconds(86_400))
    #expect(pause(outcome(503, retryAfter: "Wed, 21 Oct 2026 07:28:00 GMT")) == .seconds(5))
  }

  @Test(arguments: [
    (WebError.Kind.unresolved, false), (.unreachable, false), (.tls, false),
    (.timedOut(.total), false), (.interrupted, false), (.malformed, false), (.busy, false),
    (.forbiddenAddress, true), (.invalidRequest, true),
  ])
  func failuresAreTriedAgainUnlessNothingCanChange(_ kind: WebError.Kind, _ isFinal: Bool) {
    let error = WebError(kind, host: "example.com:80", "why")
    let outcome = policy.outcome(of: .failure(error), calls: 1, at: start, spread: 0.5)
    #expect((pause(outcome) == nil) == isFinal)
    if case .dead(let text) = outcome { #expect(text == "example.com:80: why") }
  }

  @Test func aCutAnswerToATakenCallIsTaken() {
    let error = WebError(.tooLarge, host: "x", "long", status: 200)
    #expect(
      policy.outcome(of: .failure(error), calls: 1, at: start, spread: 0) == .delivered)
  }
}
