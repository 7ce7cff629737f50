import Foundation
import Synchronization
import Testing

@testable import Serving

@Suite struct PictureWorkTests {
  private static func spend() -> Duration {
    let start = ContinuousClock.now
    usleep(2_000)
    return start.duration(to: .now)
  }

  /// Before the first picture and between two, but not while one is being made.
  @Test func howLongARequestHasWaitedIsTold() async throws {
    typealias Made = PictureJob<Duration>.Made
    let pauses = Mutex(Duration.zero)
    let start = ContinuousClock.now
    let (made, waited) = try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Made, any Error>) in
      Thread.detachNewThread {
        let job = PictureJob(count: 2, continuation) { _ in Self.spend() }
        do {
          for picture in 0..<2 {
            let pause = Self.spend()
            pauses.withLock { $0 += pause }
            try job.perform(picture)
          }
          job.end(nil)
        } catch { job.end(error) }
      }
    }
    #expect(made.count == 2)
    #expect(waited >= pauses.withLock { $0 })
    #expect(waited <= start.duration(to: .now) - made.reduce(.zero, +))
  }
}
