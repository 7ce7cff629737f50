import Testing

@testable import Batching

@Suite struct TokenChannelTests {
  func channel(_ capacity: Int) -> TokenChannel {
    TokenChannel(capacity: capacity, promptTokens: 3, arrival: .now)
  }

  func send(_ channel: TokenChannel, _ index: Int) -> Bool {
    channel.send(
      GeneratedToken(id: Int32(index), index: index), queued: .zero,
      sinceArrival: .milliseconds(1))
  }

  @Test func saysWhenItIsFullAndWhenDrained() {
    let channel = channel(4)
    #expect((0..<4).map { send(channel, $0) } == [false, false, false, true])
    var drained: [Bool] = []
    while case .token(let token, let isDrained) = channel.poll() {
      #expect(token.index == drained.count)
      drained.append(isDrained)
    }
    // At half, and once.
    #expect(drained == [false, true, false, false])
  }

  @Test func whatFilledItSinceTheLastLookIsDrainedByWaiting() async throws {
    let channel = channel(1)
    guard case .empty = channel.poll() else {
      Issue.record("not empty")
      return
    }
    #expect(send(channel, 0))
    let token: GeneratedToken? = try await Promise.wait { promise in
      #expect(channel.wait(promise))
    }
    #expect(token?.index == 0)
  }

  @Test func finishingDropsWhatIsUnreadAndCountsWhatWasRead() {
    let channel = channel(4)
    for index in 0..<3 { _ = send(channel, index) }
    _ = channel.poll()
    #expect(channel.finish(.stop, now: .now))
    #expect(!channel.finish(.cancelled, now: .now))
    #expect(channel.summary?.reason == .stop)
    #expect(channel.summary?.generatedTokens == 1)
    #expect(channel.summary?.timeToFirstToken == .milliseconds(1))
    #expect(!send(channel, 3))
    guard case .end = channel.poll() else {
      Issue.record("not ended")
      return
    }
  }

  @Test func theEndComesAfterWhatWasSent() {
    let channel = channel(4)
    _ = send(channel, 0)
    channel.end(.failure(.stopped))
    #expect(channel.summary == nil)
    guard case .token = channel.poll(), case .end(.failure) = channel.poll() else {
      Issue.record("out of order")
      return
    }
  }

  @Test func aSecondReaderIsRefused() async throws {
    let channel = channel(4)
    let first: GeneratedToken? = try await Promise.wait { first in
      #expect(!channel.wait(first))
      Task {
        await #expect(throws: BatchingError.self) {
          let _: GeneratedToken? = try await Promise.wait { _ = channel.wait($0) }
        }
        _ = send(channel, 0)
      }
    }
    #expect(first?.index == 0)
  }
}
