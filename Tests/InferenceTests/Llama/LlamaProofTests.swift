import Compute
import Models
import Synchronization
import TestSupport
import Testing

@testable import Inference

/// A sequence's tokens are the same whatever runs beside it, however its prompt is cut, wherever
/// its keys and values live, and by how many threads.
@Suite struct LlamaProofTests {
  private static let prompts: [[Int32]] = [
    [1, 403, 407, 261, 378], [1, 291, 376, 400, 428], [1],
    [1, 317, 269, 274, 287, 263, 377, 267, 265, 282, 295, 433, 426],
    (0..<40).map { 1 + $0 * 11 % 500 },
  ]

  private static let drawn = SamplingOptions(temperature: 0.9, topP: 0.95, seed: 5)

  private func alone(_ kind: String, _ count: Int) throws -> [[Int32]]? {
    guard let backend = try Stories.backend(kind) else { return nil }
    return try Self.prompts.map { prompt in
      var sequence = Sequence1(prompt, blocks: (0..<8).map { Int32($0) })
      sequence.sampler = Sampler(options: Self.drawn)
      try backend.generate(&sequence, count: count)
      return sequence.tokens
    }
  }

  @Test(arguments: ["f32", "q8_0"], [1, 3])
  func manySequencesOfScatteredBlocksInOneStep(kind: String, threads: Int) throws {
    let count = 24
    guard let expected = try alone(kind, count),
      let backend = try Stories.backend(kind, threads: threads, { $0.passRows = 13 })
    else { return }
    var random = SplitMix64(seed: 3)
    var free = (0..<Int32(backend.blockCount)).shuffled(using: &random)
    var sequences = Self.prompts.map { prompt in
      defer { free.removeFirst(8) }
      var sequence = Sequence1(prompt, blocks: Array(free.prefix(8)))
      sequence.sampler = Sampler(options: Self.drawn)
      return sequence
    }
    while sequences.indices.contains(where: { sequences[$0].tokens.count < expected[$0].count }) {
      // Any of those still running, in any order; prompts in chunks of any size.
      let running = sequences.indices.filter { sequences[$0].tokens.count < expected[$0].count }
        .shuffled(using: &random).prefix(1 + Int(random.next() % 5))
      let slices = running.map { sequences[$0].slice(1 + Int(random.next() % 17)) }
      var outputs = try backend.step(slices)[...]
      for (index, slice) in zip(running, slices) {
        if slice.sampler == nil {
          sequences[index].done += slice.tokens.count
        } else {
          let output = outputs.popFirst()
          sequences[index].take(try #require(output))
        }
      }
      #expect(outputs.isEmpty)
    }
    for (sequence, expected) in zip(sequences, expected) { #expect(sequence.tokens == expected) }
  }

  @Test(arguments: [KVCache.Precision.f16, .f32])
  func logitsDoNotDependOnWhereKeysLive(precision: KVCache.Precision) throws {
    guard
      let backend = try Stories.backend(
        "f32",
        { limits in
          limits.kvPrecision = precision
          limits.passRows = 7
        })
    else { return }
    let prompt = Self.prompts[4]
    func logits(_ blocks: [Int32], chunk: Int) throws -> [Float] {
      var done = 0
      while done < prompt.count {
        let tokens = Array(prompt[done..<min(prompt.count, done + chunk)])
        let sampler = done + tokens.count == prompt.count ? Sampler(options: .init()) : nil
        _ = try backend.step([
          SequenceSlice(tokens: tokens, position: done, blocks: blocks, sampler: sampler)
        ])
        done += tokens.count
      }
      return backend.scratch.withLock { $0.logits.row(0) }
    }
    let contiguous = try logits([0, 1, 2], chunk: prompt.count)
    #expect(contiguous.contains { $0 != contiguous[0] })
    #expect(try logits([9, 2, 30], chunk: prompt.count) == contiguous)
    #expect(try logits([5, 4, 3], chunk: 1) == contiguous)
    #expect(try logits([17, 6, 18], chunk: 16) == contiguous)
  }

  @Test func aPrefixSharedByBlocksGivesTheSameAnswer() throws {
    guard let backend = try Stories.backend("q8_0") else { return }
    let prompt = Self.prompts[4]
    var first = Sequence1(prompt, blocks: [0, 1, 2, 3])
    try backend.generate(&first, count: 8)
    // The first 32 positions are read from the other's blocks.
    var second = Sequence1(prompt, blocks: [0, 1, 12, 13])
    second.done = 32
    try backend.generate(&second, count: 8)
    #expect(first.tokens == second.tokens)
  }
}

@Suite struct LlamaInputTests {
  @Test func hostileSlicesAreRefusedByName() throws {
    guard let backend = try Stories.backend("q8_0", { $0.contextLength = 64 }) else { return }
    func refusal(_ tokens: [Int32], _ position: Int, _ blocks: [Int32]) -> InferenceError? {
      let good = SequenceSlice(tokens: [1], position: 0, blocks: [0], sampler: nil)
      let bad = SequenceSlice(tokens: tokens, position: position, blocks: blocks, sampler: nil)
      return #expect(throws: InferenceError.self) { try backend.step([good, bad]) }
    }
    let all = (0..<Int32(backend.blockCount)).map { $0 }
    #expect(refusal([], 0, [0])?.code == .invalidInput)
    #expect(refusal([512], 0, [0])?.message == "token 512 is not in the model's vocabulary of 512")
    #expect(refusal([-1], 0, [0])?.code == .invalidInput)
    #expect(refusal([1], -1, [0])?.code == .tooLarge)
    #expect(refusal([1], Int.max, all)?.code == .tooLarge)
    #expect(refusal([1], 64, all)?.code == .tooLarge)
    #expect(refusal([Int32](repeating: 1, count: 65), 0, all)?.code == .tooLarge)
    #expect(refusal([1], 16, [0])?.code == .invalidInput)
    #expect(refusal([1], 0, [])?.code == .invalidInput)
    #expect(refusal([1], 0, [-1])?.code == .invalidInput)
    #expect(refusal([1], 0, [Int32(backend.blockCount)])?.code == .invalidInput)
    #expect(try backend.step([]).isEmpty)
  }

  @Test func aTiedOutputMatrixIsHeldOnce() throws {
    let model = try LlamaModel(path: "\(Fixture.package)/tools/models/storyteller/1/model.gguf")
    #expect(model.isTied)
    let processor = try Processor(threads: 1)
    let weights = try LlamaWeights(model, in: SlabArena()) { _ in }
    #expect(weights.embedding.byteCount == 0)
    let found = FloatRows()
    let expected = FloatRows()
    let ids = (0..<Int32(model.configuration.vocabularySize)).map { $0 }
    try weights.embedding.look(up: ids, into: found, processor)
    try EmbeddingTable(copying: model.embedding, in: SlabArena())
      .look(up: ids, into: expected, processor)
    #expect((0..<ids.count).allSatisfy { found.row($0) == expected.row($0) })
  }

  @Test func memoryIsBoundedAndAccounted() throws {
    guard let small = try Stories.backend("q8_0", { $0.kvBytes = 1 }),
      let large = try Stories.backend("q8_0", { $0.kvBytes = 1 << 20 })
    else { return }
    #expect(small.blockCount == 1 && small.contextLength == 16)
    // Keys and values of 5 layers, 4 heads of 8, 16 positions, in f32.
    let block = 2 * 5 * 4 * 8 * 16 * 4
    #expect(large.blockCount == (1 << 20) / block)
    let blocks = large.blockCount - small.blockCount
    let positions = large.contextLength - small.contextLength
    #expect(large.memoryBytes - small.memoryBytes == blocks * block + positions * 8 * 4)
  }
}
