import Compute
import Foundation
import Models
import TestSupport
import Testing

@testable import Inference

/// Good models, broken at random: each is computed or refused with an error. Run under
/// AddressSanitizer too; with APUS_FUZZ=10000000 for as many models.
@Suite struct GraphMutationTests {
  private static let rounds =
    (ProcessInfo.processInfo.environment["APUS_FUZZ"].flatMap { Int($0) }
      ?? (Build.isOptimised ? 40_000 : 4_000)) / 4

  @Test(arguments: 0..<4)
  func survives(seed: UInt64) async throws {
    let seeds = try Fixture.bytes("onnx-seeds.bin")
    let trial = ModelTrial(processor: try Processor(threads: 1))
    let counts = await offThread {
      let mutation = ModelMutation(seeds)
      var random = SeededGenerator(seed: seed)
      var counts = [Int](repeating: 0, count: 4)
      for round in 0..<Self.rounds {
        let model = mutation.broken(&random)
        counts[trial.outcome(model, fused: round % 2 == 0, &random).rawValue] += 1
      }
      return counts
    }
    // Changes go deep enough: many models are read, planned and computed all the same.
    #expect(counts.allSatisfy { $0 > Self.rounds / 100 })
  }

  @Test func seedsAreGood() throws {
    let mutation = ModelMutation(try Fixture.bytes("onnx-seeds.bin"))
    let trial = ModelTrial(processor: try Processor(threads: 1))
    var random = SeededGenerator(seed: 1)
    var refused = 0
    for model in mutation.models {
      var bytes: [UInt8] = []
      WireTree.write(model, to: &bytes)
      let outcome = trial.outcome(bytes, fused: true, &random)
      if outcome == .refused || outcome == .unplanned { refused += 1 }
    }
    #expect(mutation.models.count > 300)
    // A few are over the trial's limits.
    #expect(refused < mutation.models.count / 20)
  }
}
