internal import Compute
internal import Models

/// Working memory of one piece of a batch, kept for the next.
///
/// `@unchecked Sendable`: one piece at a time has it, taken out of the backend's idle list under
/// its lock and put back when it is done.
final class EncoderScratch: @unchecked Sendable {
  /// Token ids of all texts, one after the other.
  private(set) var tokens: [Int32] = []
  /// Position of each token in its text.
  private(set) var positions: [Int32] = []
  /// Text i has rows `offsets[i] ..< offsets[i + 1]`.
  private(set) var offsets: [Int32] = []
  /// [tokens × width]
  private(set) var x = FloatRows()
  /// [tokens × 3·width] or [tokens × feedForwardWidth]
  private(set) var wide = FloatRows()
  /// [tokens × width]
  private(set) var attended = FloatRows()
  /// [texts × width]
  private(set) var embeddings = FloatRows()
  private(set) var input = Activations()

  func gather(_ inputs: ArraySlice<[Int32]>) {
    tokens.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    offsets.append(0)
    for input in inputs {
      tokens.append(contentsOf: input)
      for position in input.indices { positions.append(Int32(position)) }
      offsets.append(Int32(tokens.count))
    }
  }

  /// Gives the memory back after a piece of more than `tokens`: only long texts need it.
  func trim(tokens limit: Int) {
    guard tokens.count > limit else { return }
    (x, wide, attended, input) = (FloatRows(), FloatRows(), FloatRows(), Activations())
  }

  static func bytesPerToken(_ shape: EncoderConfiguration) -> Int {
    let wide = max(3 * shape.width, shape.feedForwardWidth)
    return 4 * (2 * shape.width + wide) + max(shape.width, shape.feedForwardWidth)
  }
}
