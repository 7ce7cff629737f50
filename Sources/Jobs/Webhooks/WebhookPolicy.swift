package import Time
package import Web

/// What follows from how a webhook's call went, and when the next one is made.
package struct WebhookPolicy: Sendable {
  /// Before each further call: the schedule that Standard Webhooks proposes, ten calls over three
  /// days.
  package static let delays: [Duration] = [
    .seconds(5), .seconds(300), .seconds(1800), .seconds(7200), .seconds(18_000),
    .seconds(36_000), .seconds(50_400), .seconds(72_000), .seconds(86_400),
  ]

  /// Before each further call; after the last it is given up.
  package let delays: [Duration]

  package init(delays: [Duration] = WebhookPolicy.delays) { self.delays = delays }

  /// - Parameters:
  ///   - calls: so far, this one included; from 1.
  ///   - spread: a random number in 0..<1, so that calls that failed together do not come back
  ///     together.
  package func outcome(
    of result: Result<WebResponse, WebError>, calls: Int, at time: UnixTime, spread: Double
  ) -> DeliveryOutcome {
    switch result {
    case .success(let response): outcome(of: response, calls: calls, at: time, spread: spread)
    case .failure(let error):
      if let status = error.status, (200..<300).contains(status) {
        // It took the call; that its answer was too long or cut off changes nothing.
        .delivered
      } else {
        switch error.kind {
        case .forbiddenAddress, .invalidRequest: .dead(error: error.description)
        default: next(error.description, calls, nil, time, spread)
        }
      }
    }
  }

  private func outcome(
    of response: WebResponse, calls: Int, at time: UnixTime, spread: Double
  ) -> DeliveryOutcome {
    switch response.status {
    case 200..<300: .delivered
    case 410: .gone(error: "the receiver answered 410: it wants no more calls")
    case 300..<400:
      next(
        "the receiver answered \(response.status); redirects are not followed", calls, nil, time,
        spread)
    default:
      next(
        "the receiver answered \(response.status)", calls,
        response.header("retry-after").flatMap { Int64($0) }, time, spread)
    }
  }

  private func next(
    _ error: String, _ calls: Int, _ retryAfter: Int64?, _ time: UnixTime, _ spread: Double
  ) -> DeliveryOutcome {
    guard delays.indices.contains(calls - 1) else {
      return .dead(error: "\(error); given up after \(calls) calls")
    }
    let day = Duration.seconds(86_400)
    // A fifth less to a fifth more, and what the receiver asks for, within a day.
    let spreaded = delays[calls - 1] * (0.8 + 0.4 * spread)
    let wanted = retryAfter.map { Duration.seconds(min(max($0, 0), 86_400)) } ?? .zero
    return .retry(
      at: time.advanced(by: min(max(spreaded, wanted, delays[0]), day)), error: error)
  }
}
