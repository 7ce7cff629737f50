import Glibc
import Testing

@testable import Inference

extension Sampler {
  fileprivate mutating func draw(_ logits: [Float]) throws(InferenceError) -> Int32 {
    var copy = logits
    var span = copy.mutableSpan
    return try draw(from: &span)
  }

  /// How often each id comes in `count` draws from the same logits.
  fileprivate mutating func histogram(
    _ logits: [Float], draws count: Int
  ) throws(InferenceError) -> [Int] {
    var histogram = [Int](repeating: 0, count: logits.count)
    for _ in 0..<count { histogram[Int(try draw(logits))] += 1 }
    return histogram
  }
}

@Suite struct SamplerTests {
  @Test func greedyTakesTheLikeliestAndTheLowestOfEquals() throws {
    var sampler = Sampler(options: SamplingOptions())
    #expect(try sampler.draw([0, 3, 1, 3]) == 1)
    #expect(try sampler.draw([-5]) == 0)
  }

  /// Against the definition, over lengths around the vectors' width.
  @Test(arguments: 1...70)
  func likeliestIsTheFirstOfTheLargest(count: Int) throws {
    var random = SplitMix64(seed: UInt64(count))
    for _ in 0..<20 {
      let logits = (0..<count).map { _ in
        random.next() % 9 == 0 ? -Float.infinity : Float(Int(random.next() % 12)) - 6
      }
      guard let largest = logits.max(), largest.isFinite else { continue }
      #expect(try Sampler.likeliest(logits.span) == logits.firstIndex(of: largest))
    }
  }

  /// One value that is no number is enough, wherever it stands: the others come of the same
  /// overflow.
  @Test(arguments: 1...70)
  func aNaNIsAnErrorWhereverItStands(count: Int) {
    for place in 0..<count {
      var logits = [Float](repeating: 1, count: count)
      logits[place] = .nan
      #expect(throws: InferenceError.self) { try Sampler.likeliest(logits.span) }
    }
  }

  @Test(arguments: [Float(0), 0.7])
  func neverDrawsWhatHasNoProbability(temperature: Float) throws {
    var sampler = Sampler(options: SamplingOptions(temperature: temperature))
    for _ in 0..<50 { #expect(try sampler.draw([-.infinity, -3, -.infinity]) == 1) }
  }

  @Test(arguments: [
    [Float.nan, .nan], [-.infinity, -.infinity], [1, .infinity, 2], [.nan, .infinity],
    [.nan, -3, .nan],
  ])
  func drawsNoTokenOfWhatAreNoLogits(logits: [Float]) {
    for temperature in [Float(0), 1] {
      let options = SamplingOptions(temperature: temperature, topP: 0.9, minP: 0.1)
      var sampler = Sampler(options: options)
      let error = #expect(throws: InferenceError.self) { try sampler.draw(logits) }
      #expect(error?.code == .invalidModel)
    }
  }

  @Test func drawsFollowTheSoftmax() throws {
    let probabilities: [Double] = [0.5, 0.25, 0.125, 0.125]
    var sampler = Sampler(options: SamplingOptions(temperature: 1, seed: 7))
    let counts = try sampler.histogram(probabilities.map { Float(log($0)) }, draws: 40_000)
    // Five standard deviations of a binomial count.
    for (count, p) in zip(counts, probabilities) {
      #expect(abs(Double(count) - 40_000 * p) < 5 * (40_000 * p * (1 - p)).squareRoot())
    }
  }

  @Test func temperatureSharpensAndFlattens() throws {
    let logits: [Float] = [1, 0]
    var cold = Sampler(options: SamplingOptions(temperature: 0.25, seed: 1))
    var hot = Sampler(options: SamplingOptions(temperature: 4, seed: 1))
    let likeliestCold = try cold.histogram(logits, draws: 20_000)[0]
    let likeliestHot = try hot.histogram(logits, draws: 20_000)[0]
    // 1 / (1 + e^-4) = 0.982 and 1 / (1 + e^-0.25) = 0.562.
    #expect(abs(likeliestCold - 19_640) < 100)
    #expect(abs(likeliestHot - 11_244) < 360)
  }

  @Test func topKKeepsTheLikeliestAndTheLowestOfEquals() throws {
    var sampler = Sampler(options: SamplingOptions(temperature: 1, topK: 3, seed: 3))
    let counts = try sampler.histogram([1, 2, 1, 1, 2, 1], draws: 3_000)
    #expect(counts.enumerated().filter { $0.element > 0 }.map(\.offset) == [0, 1, 4])
  }

  @Test func topKOfAllOrMoreChangesNothing() throws {
    let logits: [Float] = (0..<50).map { Float($0 * 7 % 11) }
    var plain = Sampler(options: SamplingOptions(temperature: 1, seed: 5))
    var all = Sampler(options: SamplingOptions(temperature: 1, topK: 50, seed: 5))
    for _ in 0..<500 { #expect(try plain.draw(logits) == all.draw(logits)) }
  }

  @Test func nucleusIsTheSmallestSetThatReachesTheShare() throws {
    let logits = [0.1, 0.4, 0.2, 0.3].map { Float(log($0)) }
    func kept(_ topP: Float) throws -> [Int] {
      var sampler = Sampler(options: SamplingOptions(temperature: 1, topP: topP, seed: 2))
      return try sampler.histogram(logits, draws: 4_000).enumerated()
        .filter { $0.element > 0 }.map(\.offset)
    }
    #expect(try kept(0.3) == [1])
    #expect(try kept(0.65) == [1, 3])
    #expect(try kept(0.85) == [1, 2, 3])
    #expect(try kept(0.95) == [0, 1, 2, 3])
  }

  @Test func minPDropsBelowAShareOfTheLikeliest() throws {
    let logits = [0.05, 0.5, 0.3, 0.15].map { Float(log($0)) }
    var sampler = Sampler(options: SamplingOptions(temperature: 1, minP: 0.25, seed: 2))
    let counts = try sampler.histogram(logits, draws: 4_000)
    #expect(counts.enumerated().filter { $0.element > 0 }.map(\.offset) == [1, 2, 3])
  }

  @Test func penaltyReachesDrawnAndPromptTokensWithinTheWindow() throws {
    let penalised = SamplingOptions(repetitionPenalty: 2)
    var sampler = Sampler(options: penalised)
    #expect(try (0..<4).map { _ in try sampler.draw([4, 3, 1.75, -1]) } == [0, 1, 0, 0])
    var prompted = Sampler(options: penalised, prompt: [0])
    #expect(try prompted.draw([4, 3]) == 1)
    // A negative logit moves down, not up.
    var negative = Sampler(options: penalised, prompt: [0])
    #expect(try negative.draw([-1, -1.5]) == 1)
    let long = [0] + [Int32](repeating: 1, count: Sampler.penaltyWindow)
    var forgotten = Sampler(options: penalised, prompt: long)
    #expect(try forgotten.draw([4, 3]) == 0)
    // Ids outside the vocabulary are none of the logits' business.
    var foreign = Sampler(options: penalised, prompt: [-1, 99])
    #expect(try foreign.draw([1, 2]) == 1)
  }

  @Test func aSeedAndItsCopyRepeatTheirDraws() throws {
    let logits: [Float] = (0..<200).map { Float($0 % 17) / 4 }
    let drawn = SamplingOptions(temperature: 0.9, topK: 40, topP: 0.95, seed: 42)
    var first = Sampler(options: drawn)
    let start = try (0..<20).map { _ in try first.draw(logits) }
    var copy = first
    let next = try (0..<20).map { _ in try first.draw(logits) }
    #expect(try (0..<20).map { _ in try copy.draw(logits) } == next)
    var again = Sampler(options: drawn)
    #expect(try (0..<20).map { _ in try again.draw(logits) } == start)
    var other = Sampler(options: SamplingOptions(temperature: 0.9, seed: 43))
    #expect(try (0..<20).map { _ in try other.draw(logits) } != start)
  }

  /// The heap selections against plain sorting.
  @Test(arguments: 0..<40)
  func selectionsMatchASort(round: Int) {
    var random = SplitMix64(seed: UInt64(round))
    let logits = (0..<(1 + Int(random.next() % 300))).map { _ in
      Float(Int(random.next() % 40)) / 8
    }
    let count = 1 + Int(random.next() % UInt64(logits.count))
    let ranked = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
    var top = CandidateRanking()
    top.keepLikeliest(count, of: logits.span)
    #expect(top.candidates.map(\.id) == ranked.prefix(count).map(Int32.init).sorted())

    var nucleus = CandidateRanking()
    nucleus.keepAll(of: logits.span)
    nucleus.weigh(peak: logits.max() ?? 0, temperature: 1)
    let weights = nucleus.candidates.map(\.weight)
    nucleus.keepNucleus(0.8)
    let goal = weights.reduce(0.0) { $0 + Double($1) } * Double(Float(0.8))
    var sum = 0.0
    let expected = ranked.prefix { id in
      defer { sum += Double(weights[id]) }
      return sum < goal
    }
    #expect(nucleus.candidates.map(\.id).reversed() == expected.map(Int32.init))
  }

  @Test func splitMixMatchesItsReference() {
    // The published test vector for seed 1234567.
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in random.next() }
        == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
  }
}

@Suite struct SamplingOptionsTests {
  @Test func defaultsAndBoundsPass() throws {
    try SamplingOptions().validate()
    try SamplingOptions(temperature: 10, topK: 1_000_000, minP: 1).validate()
    try SamplingOptions(topP: 1e-6, repetitionPenalty: 0.1).validate()
  }

  @Test(arguments: [
    ("temperature", SamplingOptions(temperature: -0.1)),
    ("temperature", SamplingOptions(temperature: .nan)),
    ("temperature", SamplingOptions(temperature: .infinity)),
    ("top_k", SamplingOptions(topK: -1)),
    ("top_k", SamplingOptions(topK: 1_000_001)),
    ("top_p", SamplingOptions(topP: 0)),
    ("top_p", SamplingOptions(topP: 1.01)),
    ("min_p", SamplingOptions(minP: -1)),
    ("min_p", SamplingOptions(minP: 1.5)),
    ("repetition_penalty", SamplingOptions(repetitionPenalty: 0)),
    ("repetition_penalty", SamplingOptions(repetitionPenalty: 11)),
  ])
  func refusalsNameTheFieldAndTheRange(field: String, options: SamplingOptions) {
    let error = #expect(throws: InferenceError.self) { try options.validate() }
    #expect(error?.code == .invalidInput)
    #expect(error?.message.hasPrefix(field + " is ") == true)
    #expect(error?.message.contains("allowed is") == true)
  }
}
