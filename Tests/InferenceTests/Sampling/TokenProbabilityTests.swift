import Glibc
import Testing

@testable import Inference

struct TokenProbabilityTests {
  private func draw(_ logits: [Float], _ options: SamplingOptions, seeing: [Int32] = [])
    throws -> StepOutput
  {
    var copy = logits
    var output = StepOutput(token: 0, sampler: Sampler(options: options, prompt: seeing))
    var span = copy.mutableSpan
    try output.draw(from: &span)
    return output
  }

  /// By the definition, in double precision.
  private func logSoftmax(_ logits: [Float]) -> [Double] {
    let sum = logits.reduce(0.0) { $0 + exp(Double($1)) }
    return logits.map { Double($0) - log(sum) }
  }

  private func random(_ count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in Float(random.unit() * 20 - 10) }
  }

  @Test func nobodyAsksNobodyPays() throws {
    #expect(try draw([1, 2, 3], SamplingOptions()).probability == nil)
  }

  @Test(arguments: [1, 2, 5, 19, 20, 21, 512])
  func equalsTheSoftmax(count: Int) throws {
    let logits = random(count, seed: UInt64(count))
    let expected = logSoftmax(logits)
    let output = try draw(logits, SamplingOptions(logprobs: 20))
    let probability = try #require(output.probability)
    #expect(abs(Double(probability.logprob) - expected[Int(output.token)]) < 1e-5)
    let order = expected.indices.sorted { expected[$0] > expected[$1] }.prefix(20)
    #expect(probability.top.map(\.id) == order.map { Int32($0) })
    for (token, id) in zip(probability.top, order) {
      #expect(abs(Double(token.logprob) - expected[id]) < 1e-5)
    }
    #expect(probability.top.first?.id == output.token)
  }

  /// The draw goes by its options; the probabilities do not.
  @Test func tellsOfTheModelNotOfTheDraw() throws {
    let logits: [Float] = [1, 4, 2, 3]
    let expected = logSoftmax(logits)
    for seed in 0..<20 as Range<UInt64> {
      let options = SamplingOptions(
        temperature: 3, topK: 3, topP: 0.9, minP: 0.01, repetitionPenalty: 5, seed: seed,
        logprobs: 2)
      var silent = options
      silent.logprobs = nil
      let output = try draw(logits, options, seeing: [1])
      #expect(try output.token == draw(logits, silent, seeing: [1]).token)
      let probability = try #require(output.probability)
      #expect(abs(Double(probability.logprob) - expected[Int(output.token)]) < 1e-6)
      #expect(probability.top.map(\.id) == [1, 3])
    }
  }

  @Test func ofEqualsTheLowerIDComesFirst() throws {
    let probability = try #require(
      try draw([1, 2, 2, 1, 2], SamplingOptions(logprobs: 4)).probability)
    #expect(probability.top.map(\.id) == [1, 2, 4, 0])
  }

  @Test func zeroTellsOfTheTokenOnly() throws {
    let probability = try #require(try draw([0, 0], SamplingOptions(logprobs: 0)).probability)
    #expect(probability.top.isEmpty)
    #expect(abs(probability.logprob - log(Float(0.5))) < 1e-6)
  }

  @Test func staysDefinedAtTheEdges() throws {
    for logits: [Float] in [[1000, -1000], [-.infinity, 1], [Float.greatestFiniteMagnitude, 0]] {
      let probability = try #require(try draw(logits, SamplingOptions(logprobs: 5)).probability)
      #expect(!probability.logprob.isNaN && probability.logprob <= 0)
      for token in probability.top { #expect(!token.logprob.isNaN && token.logprob <= 0) }
    }
  }

  @Test func saysNothingOfWhatAreNoLogits() {
    for logits in [[Float.nan, 1], [-.infinity, -.infinity], [.infinity, 1]] {
      #expect(throws: InferenceError.self) { try draw(logits, SamplingOptions(logprobs: 5)) }
    }
  }

  @Test(arguments: [(-1, false), (0, true), (20, true), (21, false)])
  func bounds(count: Int, isAllowed: Bool) throws {
    let options = SamplingOptions(logprobs: count)
    if isAllowed {
      try options.validate()
    } else {
      let error = #expect(throws: InferenceError.self) { try options.validate() }
      #expect(error?.message.contains("logprobs is \(count); allowed is 0 to 20") == true)
    }
  }

  /// The whole way: the backend's own logits, alone and beside a sequence that asks for nothing.
  @Test func comesOutOfAStep() throws {
    guard let backend = try Stories.backend("f32") else { return }
    var asking = Sequence1([1, 403, 407], blocks: [0])
    asking.sampler = Sampler(options: SamplingOptions(logprobs: 3))
    let silent = Sequence1([1, 5], blocks: [1])
    let alone = try #require(try backend.step([asking.slice()]).first)
    let both = try backend.step([silent.slice(), asking.slice()])
    #expect(both.count == 2)
    #expect(both[0].probability == nil)
    #expect(both[1].probability == alone.probability)
    let probability = try #require(alone.probability)
    #expect(probability.top.count == 3)
    #expect(probability.top[0] == .init(id: alone.token, logprob: probability.logprob))
    #expect(probability.top.reduce(0) { $0 + exp($1.logprob) } <= 1)
  }
}
