import Accounts
import Batching
import Foundation
import Messages
import Metrics
import Synchronization
import TestSupport
import Testing

@testable import Serving

@Suite struct PictureThreadsTests {
  /// Keeps a thread at work until it is opened.
  private final class Gate: Sendable {
    private let isEntered = DispatchSemaphore(value: 0)
    private let isOpen = DispatchSemaphore(value: 0)
    func pass() -> Bool {
      isEntered.signal()
      isOpen.wait()
      return true
    }
    func waitUntilEntered() async { await offThread { self.isEntered.wait() } }
    func open() { isOpen.signal() }
  }

  private static let large = 64 << 20
  private let metrics = Registry()

  private func threads(
    _ count: Int = 1, requests: Int = 8, requestPixels: Int = 1 << 40
  ) throws -> PictureThreads {
    var bounds = PictureBounds()
    bounds.threads = count
    bounds.requests = requests
    bounds.requestPixels = requestPixels
    bounds.waitingPixels = 1 << 40
    return try PictureThreads(
      bounds, largest: Self.large, cores: 1, metrics: PictureMetrics(metrics))
  }

  private func claim(_ name: String = "anonymous") throws -> PictureThreads.Claim {
    PictureThreads.Claim(owner: try #require(KeyID(name)))
  }

  @Test func everyPictureIsMadeElsewhereAndStandsInItsPlace() async throws {
    let threads = try threads(3)
    let (made, _) = try await threads.run(try claim(), [1, 5, 2, 0]) { ($0, pthread_self()) }
    #expect(made.map(\.0) == [0, 1, 2, 3] && made.allSatisfy { $0.1 != pthread_self() })
    let (none, _) = try await threads.run(try claim(), []) { $0 }
    #expect(none.isEmpty)
    await #expect(throws: Status.self) {
      try await threads.run(try claim(), [1, 1]) { _ in throw Status(.invalidArgument, "no") }
    }
    #expect(metrics.exposition().contains("apus_pictures_waiting 0"))
    #expect(await offThread { threads.stop(patience: .seconds(60)) } == true)
  }

  @Test func aSmallPictureIsMadeBesideALargeOne() async throws {
    let threads = try threads(2)
    let gate = Gate()
    async let large = threads.run(try claim("aaaaaaaa"), [Self.large]) { _ in gate.pass() }
    await gate.waitUntilEntered()
    let (small, _) = try await threads.run(try claim("bbbbbbbb"), [100]) { $0 }
    #expect(small == [0])
    gate.open()
    _ = try await large
    threads.stop()
  }

  @Test func whoseCallerIsGoneIsNeverMade() async throws {
    let threads = try threads()
    let gate = Gate()
    async let busy = threads.run(try claim(), [1]) { _ in gate.pass() }
    await gate.waitUntilEntered()
    let other = try claim()
    let waiting = Task {
      try await threads.run(other, [1]) { _ in Issue.record("nobody wants this any more") }
    }
    waiting.cancel()
    // Before a thread has come to it.
    await #expect(throws: CancellationError.self) { try await waiting.value }
    gate.open()
    _ = try await busy
    #expect(metrics.exposition().contains("apus_picture_waiting_pixels 0"))
    threads.stop()
  }

  @Test func theRestOfARequestIsLeftWhenItsCallerGoes() async throws {
    let threads = try threads()
    let gate = Gate()
    let made = Mutex<[Int]>([])
    let claim = try claim()
    let call = Task {
      try await threads.run(claim, [1, 1, 1]) { picture in
        made.withLock { $0.append(picture) }
        return gate.pass()
      }
    }
    await gate.waitUntilEntered()
    call.cancel()
    await #expect(throws: CancellationError.self) { try await call.value }
    gate.open()
    let (next, _) = try await threads.run(claim, [1]) { $0 }
    #expect(next == [0])
    #expect(made.withLock { $0 } == [0])
    threads.stop()
  }

  private func refusal(
    of claim: PictureThreads.Claim, by threads: PictureThreads
  ) async -> BatchingError? {
    do {
      _ = try await threads.run(claim, [1]) { $0 }
      return nil
    } catch {
      return error as? BatchingError
    }
  }

  @Test func whoseTimeIsOverIsRefused() async throws {
    let threads = try threads()
    var late = try claim()
    late.deadline = .now - .seconds(1)
    #expect(await refusal(of: late, by: threads)?.code == .deadlineExceeded)
    var hasty = try claim()
    hasty.queueEnd = .now - .seconds(1)
    let timeout = await refusal(of: hasty, by: threads)
    #expect(timeout?.code == .queueTimeout && timeout?.retryAfter != nil)
    threads.stop()
  }

  @Test func boundsAreNamedAndCounted() async throws {
    let threads = try threads(requests: 1, requestPixels: 10)
    let gate = Gate()
    async let busy = threads.run(try claim("aaaaaaaa"), [1]) { _ in gate.pass() }
    await gate.waitUntilEntered()
    let tooMany = await #expect(throws: Status.self) {
      try await threads.run(try claim(), [5, 6]) { $0 }
    }
    #expect(tooMany?.code == .invalidArgument)
    #expect(
      tooMany?.message == "instances: the pictures have 11 pixels together; at most 10 are allowed "
        + "(max-request-pixels)")
    async let waiting = threads.run(try claim("aaaaaaaa"), [1]) { $0 }
    await offThread {
      while !metrics.exposition().contains("apus_pictures_waiting 1") { usleep(1_000) }
    }
    let refusal = await #expect(throws: Status.self) {
      try await threads.run(try claim("aaaaaaaa"), [1]) { $0 }
    }
    #expect(refusal?.code == .resourceExhausted)
    #expect(
      refusal?.message == "1 requests with pictures wait already (max-waiting-images); retry later")
    #expect(refusal?.metadata["grpc-retry-pushback-ms"] == "100")
    gate.open()
    _ = try await (busy, waiting)
    let text = metrics.exposition()
    #expect(text.contains(#"apus_picture_refusals_total{limit="max-waiting-images"} 1"#))
    #expect(text.contains(#"apus_picture_refusals_total{limit="max-request-pixels"} 1"#))
    threads.stop()
  }

  @Test func stoppingRefusesWhatWaitsAndHasAnEnd() async throws {
    let threads = try threads()
    let gate = Gate()
    let claim = try claim()
    let busy = Task { try await threads.run(claim, [1, 1]) { _ in gate.pass() } }
    await gate.waitUntilEntered()
    #expect(await offThread { threads.stop(patience: .zero) } == false)
    let refusal = await #expect(throws: Status.self) { try await busy.value }
    #expect(refusal?.code == .unavailable)
    gate.open()
    let later = await #expect(throws: Status.self) { try await threads.run(claim, [1]) { $0 } }
    #expect(later?.code == .unavailable)
  }
}
