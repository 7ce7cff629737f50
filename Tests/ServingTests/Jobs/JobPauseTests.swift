import Messages
import Testing

@testable import Serving

@Suite struct JobPauseTests {
  private func limited(_ delay: Duration?) -> Status {
    var status = Status(.resourceExhausted, "the limit is reached")
    if let delay { status.addRetryAdvice(delay) }
    return status
  }

  @Test func waitsAsLongAsTheRefusalSays() {
    var pauses = JobPause()
    #expect(pauses.next(after: limited(.milliseconds(1_200))) == .milliseconds(1_200))
    #expect(pauses.next(after: limited(.seconds(60))) == .seconds(60))
    // At once would be a busy loop.
    #expect(pauses.next(after: limited(.milliseconds(1))) == .milliseconds(50))
  }

  @Test func whatNoWaitingMendsIsTheEnd() {
    var pauses = JobPause()
    for status in [
      limited(nil), limited(.seconds(61)), Status(.invalidArgument, ""), Status(.notFound, ""),
      Status(.unauthenticated, ""), Status(.internal, ""), Status(.deadlineExceeded, ""),
    ] {
      #expect(pauses.next(after: status) == nil)
    }
  }

  @Test func whatIsNotAvailableIsAskedForLessAndLessOften() {
    var pauses = JobPause()
    let first = (0..<8).map { _ in pauses.next(after: Status(.unavailable, "")) }
    let seconds = [0.5, 1, 2, 4, 8, 16, 30, 30]
    #expect(first == seconds.map { .seconds($0) })
  }

  @Test func allPausesTogetherHaveABound() {
    var pauses = JobPause()
    var total = Duration.zero
    while let pause = pauses.next(after: limited(.seconds(50))) { total += pause }
    #expect(total == .seconds(600))
    #expect(pauses.next(after: Status(.unavailable, "")) == nil)
  }
}
