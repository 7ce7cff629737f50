import Compute
import Foundation
import Synchronization
import Testing

@Suite struct ProcessorTests {
  @Test(arguments: [1, 2, 4, 9])
  func everyPartRunsOnce(threads: Int) throws {
    let processor = try Processor(threads: threads)
    let counts = (0..<300).map { _ in Counter() }
    for phase in 1...2000 {
      let parts = phase % 300 + 1
      let before = counts.prefix(parts).map(\.value)
      processor.run(parts: parts) { counts[$0].increment() }
      let after = counts.prefix(parts).map(\.value)
      #expect(zip(before, after).allSatisfy { $0 + 1 == $1 })
    }
  }

  final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .relaxed) }
    func increment() { count.add(1, ordering: .relaxed) }
  }

  @Test func noPartsAreNoWork() throws {
    let processor = try Processor(threads: 2)
    processor.run(parts: 0) { _ in Issue.record("a part ran") }
  }

  /// Parts may run phases of their own; those run on their caller.
  @Test func nestedPhasesRun() throws {
    let processor = try Processor(threads: 3)
    let counter = Counter()
    processor.run(parts: 20) { _ in processor.run(parts: 10) { _ in counter.increment() } }
    #expect(counter.value == 200)
  }

  /// Two threads may use one processor; nobody waits for the other's phase and no part is lost.
  @Test func callersDoNotDisturbEachOther() async throws {
    let processor = try Processor(threads: 2)
    await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let counter = Counter()
          for _ in 0..<500 { processor.run(parts: 7) { _ in counter.increment() } }
          return counter.value
        }
      }
      for await count in group { #expect(count == 3500) }
    }
  }

  /// A worker that is stuck in a phase of one part too long does not keep the caller from the
  /// others: every part but the stuck one is done by whoever is free.
  @Test func phasesEndThoughWorkersAreHeldUp() throws {
    let processor = try Processor(threads: 4)
    let done = (0..<64).map { _ in Counter() }
    let arrived = Counter()
    processor.run(parts: 64) { part in
      // The first part waits until all others are done: whoever holds it, the rest goes on.
      if part == 0 {
        while arrived.value < 63 { sched_yield() }
      } else {
        arrived.increment()
      }
      done[part].increment()
    }
    #expect(done.allSatisfy { $0.value == 1 })
  }

  @Test func processorsComeAndGo() throws {
    for round in 0..<200 {
      let processor = try Processor(threads: 1 + round % 5)
      if round % 3 != 0 { processor.run(parts: 8) { _ in } }
    }
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
    let names = threads.compactMap {
      try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)
    }
    // Other suites run beside this one; a leak would leave hundreds.
    #expect(names.filter { $0.hasPrefix("apus-pool") }.count < 100)
  }

  @Test func impossibleRequestsAreRefused() {
    #expect(throws: ComputeError.self) { try Processor(threads: 0) }
    #expect(throws: ComputeError.self) { try Processor(threads: 5000) }
    for tier in KernelTier.allCases where !tier.isSupported {
      #expect(throws: ComputeError.self) { try Processor(threads: 1, tier: tier) }
    }
  }
}
