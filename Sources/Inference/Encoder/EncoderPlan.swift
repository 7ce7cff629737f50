/// How a batch of texts is cut into pieces, and whether threads take one piece each.
///
/// Small pieces keep their rows in a core's cache. When every thread gets enough of them, a thread
/// runs a piece from end to end and never waits for the others; else pieces follow one another and
/// the threads share each operator.
struct EncoderPlan: Equatable {
  /// Below this a thread's products are too flat to pay.
  static let leastTokensPerThread = 32

  /// Consecutive texts; every text is in one piece.
  private(set) var pieces: [Range<Int>] = []
  let runsConcurrently: Bool

  /// - Parameters:
  ///   - lengths: tokens of each text, at least 1.
  ///   - pieceTokens: most tokens of a piece that one thread runs; a longer text is a piece alone.
  init(lengths: [Int], pieceTokens: Int, threads: Int) {
    let total = lengths.reduce(0, +)
    runsConcurrently =
      threads > 1 && lengths.count >= threads && total >= threads * Self.leastTokensPerThread
    let most = runsConcurrently ? pieceTokens : pieceTokens * threads
    var count = max(1, (total + most - 1) / most)
    if runsConcurrently { count = (count + threads - 1) / threads * threads }
    // Even pieces, so that no thread ends long before the others.
    let target = (total + count - 1) / count
    var first = 0
    var tokens = 0
    for (index, length) in lengths.enumerated() {
      if index > first && tokens + length > target {
        pieces.append(first..<index)
        first = index
        tokens = 0
      }
      tokens += length
    }
    if first < lengths.count { pieces.append(first..<lengths.count) }
  }
}
