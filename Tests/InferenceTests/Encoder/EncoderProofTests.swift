import Compute
import Models
import TestSupport
import Testing

@testable import Inference

/// The answer for a text is the same, bit for bit, whatever is computed with it and by how many.
@Suite struct EncoderProofTests {
  @Test func aloneInABatchInPiecesAndOnThreads() throws {
    guard let alone = try MiniLM.backend(), let together = try MiniLM.backend(threads: 3),
      let pieces = try MiniLM.backend(threads: 2, pieceTokens: 20)
    else { return }
    var random = SplitMix64(seed: 11)
    let rounds = Build.isOptimised ? 12 : 1
    for _ in 0..<rounds {
      let longest = Build.isOptimised ? 70 : 9
      let batch = (0..<Int.random(in: 2...(Build.isOptimised ? 24 : 4), using: &random)).map { _ in
        (0..<Int.random(in: 1...longest, using: &random)).map { _ in
          Int32.random(in: 0..<30_522, using: &random)
        }
      }
      let single = try batch.map { try alone.compute([$0])[0] }
      #expect(try together.compute(batch) == single)
      #expect(try pieces.compute(batch) == single)
      #expect(try together.compute(batch.reversed()) == single.reversed())
    }
  }

  @Test func theLongestTextRunsAlone() throws {
    guard let backend = try MiniLM.backend(threads: 2, pieceTokens: 16) else { return }
    let long = [Int32](repeating: 2_000, count: Build.isOptimised ? backend.maximumTokens : 40)
    let both = try backend.compute([[101, 102], long, [101, 102]])
    #expect(both[0] == both[2])
    #expect(try backend.compute([long])[0] == both[1])
  }

  @Test func hostileInputsAreRefusedByName() throws {
    guard let backend = try MiniLM.backend() else { return }
    func refusal(_ input: [Int32]) -> InferenceError? {
      #expect(throws: InferenceError.self) { try backend.compute([[101], input]) }
    }
    #expect(refusal([])?.code == .invalidInput)
    #expect(refusal([-1])?.message == "token -1 is not in the model's vocabulary of 30522")
    #expect(refusal([30_522])?.code == .invalidInput)
    #expect(refusal([Int32.max])?.code == .invalidInput)
    let long = refusal([Int32](repeating: 1, count: backend.maximumTokens + 1))
    #expect(long?.code == .tooLarge)
    #expect(long?.message == "the input has 257 tokens; the model takes at most 256")
    #expect(try backend.compute([]).isEmpty)
    #expect(backend.cost(of: []) == 1 && backend.cost(of: [1, 2, 3]) == 3)
  }
}
