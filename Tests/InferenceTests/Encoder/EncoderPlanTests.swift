import Testing

@testable import Inference

@Suite struct EncoderPlanTests {
  @Test func threadsTakeEvenPiecesOfALargeBatch() {
    let plan = EncoderPlan(
      lengths: [Int](repeating: 32, count: 32), pieceTokens: 128, threads: 2)
    #expect(plan.runsConcurrently)
    #expect(plan.pieces.map(\.count) == [Int](repeating: 4, count: 8))
    let three = EncoderPlan(lengths: [Int](repeating: 32, count: 32), pieceTokens: 128, threads: 3)
    #expect(three.pieces.count >= 9 && three.pieces.allSatisfy { $0.count <= 4 })
  }

  @Test func fewTextsShareTheThreads() {
    let one = EncoderPlan(lengths: [200], pieceTokens: 128, threads: 2)
    #expect(!one.runsConcurrently && one.pieces == [0..<1])
    let short = EncoderPlan(lengths: [4, 5, 6], pieceTokens: 128, threads: 2)
    #expect(!short.runsConcurrently && short.pieces == [0..<3])
    let none = EncoderPlan(lengths: [], pieceTokens: 128, threads: 2)
    #expect(none.pieces.isEmpty)
  }

  /// Every text is in one piece, in order, and only a single text passes the bound.
  @Test(arguments: 0..<200)
  func piecesCoverTheBatchWithinTheBound(round: Int) {
    var random = SplitMix64(seed: UInt64(round))
    let lengths = (0..<Int.random(in: 1...80, using: &random)).map { _ in
      Int.random(in: 1...300, using: &random)
    }
    let pieceTokens = Int.random(in: 1...256, using: &random)
    let threads = Int.random(in: 1...6, using: &random)
    let plan = EncoderPlan(lengths: lengths, pieceTokens: pieceTokens, threads: threads)
    #expect(plan.pieces.flatMap(Array.init) == Array(lengths.indices))
    let most = plan.runsConcurrently ? pieceTokens : pieceTokens * threads
    for piece in plan.pieces where piece.count > 1 {
      #expect(lengths[piece].reduce(0, +) <= most)
    }
  }
}
