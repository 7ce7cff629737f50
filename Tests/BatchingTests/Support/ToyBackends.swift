import Batching
import Foundation
import Inference
import Synchronization

struct BadInput: Error, Equatable { var value: Int }

/// Squares numbers; a negative one is an error of the whole batch. Costs what `costs` says, else 1.
final class SquaringBackend: BatchBackend {
  private let batches = Mutex([[Int]]())
  /// Called on the engine's thread at the start of each batch.
  private let before: @Sendable ([Int]) -> Void

  init(before: @escaping @Sendable ([Int]) -> Void = { _ in }) {
    self.before = before
  }

  var computed: [[Int]] { batches.withLock { $0 } }

  func cost(of input: Int) -> Int { max(1, abs(input) % 1000) }

  func compute(_ batch: [Int], for interest: (any Interest)?) throws -> [Int] {
    batches.withLock { $0.append(batch) }
    before(batch)
    if let bad = batch.first(where: { $0 < 0 }) { throw BadInput(value: bad) }
    return batch.map { $0 * $0 }
  }
}

/// A language model whose next token is a hash of all previous ones, read back out of the blocks:
/// a wrong table, a wrong position or a block shared by mistake changes the answer.
final class HashingBackend: SequenceBackend {
  let contextLength: Int
  let vocabularySize = 1009
  let blockTokens: Int
  let blockCount: Int

  private struct State {
    var memory: [Int32]
    var steps: [[SequenceSlice]] = []
  }
  private let state: Mutex<State>
  private let before: @Sendable ([SequenceSlice]) throws -> Void

  init(
    contextLength: Int = 256, blockTokens: Int = 4, blockCount: Int = 4096,
    before: @escaping @Sendable ([SequenceSlice]) throws -> Void = { _ in }
  ) {
    self.contextLength = contextLength
    self.blockTokens = blockTokens
    self.blockCount = blockCount
    self.before = before
    state = Mutex(State(memory: Array(repeating: -1, count: blockTokens * blockCount)))
  }

  var steps: [[SequenceSlice]] { state.withLock { $0.steps } }

  func step(_ slices: [SequenceSlice]) throws -> [StepOutput] {
    state.withLock { $0.steps.append(slices) }
    try before(slices)
    return state.withLock { state in
      for slice in slices {
        for (offset, token) in slice.tokens.enumerated() {
          state.memory[place(slice, slice.position + offset)] = token
        }
      }
      return slices.compactMap { slice in
        guard let sampler = slice.sampler else { return nil }
        let length = slice.position + slice.tokens.count
        let tokens = (0..<length).map { state.memory[place(slice, $0)] }
        let token = Self.next(after: tokens, sampler.options)
        return StepOutput(
          token: token, sampler: sampler,
          probability: sampler.options.logprobs.map { _ in Self.probability(of: token) })
      }
    }
  }

  private func place(_ slice: SequenceSlice, _ position: Int) -> Int {
    Int(slice.blocks[position / blockTokens]) * blockTokens + position % blockTokens
  }

  static func probability(of token: Int32) -> TokenProbability {
    TokenProbability(logprob: -Float(token), top: [.init(id: token, logprob: -1)])
  }

  /// The model without blocks and batches.
  static func next(after tokens: [Int32], _ sampling: SamplingOptions) -> Int32 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ sampling.seed
    for token in tokens { hash = (hash ^ UInt64(bitPattern: Int64(token))) &* 0x100_0000_01b3 }
    return Int32((hash >> 20) % 1009)
  }

  static func expected(_ prompt: [Int32], count: Int, seed: UInt64 = 0) -> [Int32] {
    var sampling = SamplingOptions()
    sampling.seed = seed
    var tokens = prompt
    for _ in 0..<count { tokens.append(next(after: tokens, sampling)) }
    return Array(tokens.dropFirst(prompt.count))
  }
}
