package import Compute
package import Models
internal import Synchronization

/// A BERT encoder (arXiv:1810.04805) that turns token ids into one embedding for each text.
///
/// A batch is packed: the rows of its texts stand one after the other, without padding. It runs in
/// pieces (`EncoderPlan`), which bounds the working memory; an answer does not depend on how texts
/// are put together.
package final class EncoderBackend: BatchBackend {
  /// Token ids of one text with the tokens that the model expects around it ([CLS] … [SEP]).
  package typealias Input = [Int32]
  /// [width], as pooled: `normalized` scales it.
  package typealias Output = [Float]

  /// What the weights become on load.
  package enum Precision: Sendable, Equatable {
    /// Linear layers int8 with a scale for each output, the word embedding in Q8_0.
    case int8
    /// All as the file holds it, computed in f32: the measure of the other.
    case stored
  }

  package static let defaultPieceTokens = 128

  package let configuration: EncoderConfiguration
  /// Most tokens of one input.
  package let maximumTokens: Int
  /// Tokens that one thread computes together.
  package let pieceTokens: Int
  /// Whether the model's folder asks for embeddings of length 1.
  package let normalizes: Bool
  /// Number of weights.
  package let parameters: Int
  let processor: Processor
  private let pooling: EncoderModel.Pooling
  private let weights: EncoderWeights
  /// Working memory that no piece uses now; at most one for each thread.
  private let idle = Mutex<[EncoderScratch]>([])

  /// Packs the weights; the model's file is not needed afterwards.
  ///
  /// - Parameters:
  ///   - precision: `int8` is faster by several times, and four times smaller.
  ///   - pieceTokens: at least 1; more tokens share one read of the weights, but fall out of a
  ///     core's cache.
  ///   - arena: where the weights lie; for each model its own, so that they go back with it.
  ///   - progress: called after every matrix; what it throws ends the loading.
  package init(
    _ model: EncoderModel, processor: Processor, precision: Precision = .int8,
    pieceTokens: Int = defaultPieceTokens, arena: SlabArena = SlabArena(),
    progress: LoadingProgress = { _ in }
  ) throws(InferenceError) {
    precondition(pieceTokens > 0)
    configuration = model.configuration
    maximumTokens = model.maximumTokens
    parameters = model.parameters
    self.pieceTokens = pieceTokens
    self.processor = processor
    pooling = model.pooling
    normalizes = model.normalizes
    weights = try EncoderWeights(model, precision, processor, in: arena, progress: progress)
  }

  /// Values of an embedding.
  package var width: Int { configuration.width }

  /// Bytes held between batches: weights, and working memory of a full piece for each thread.
  package var memoryBytes: Int {
    weights.byteCount
      + processor.threads * pieceTokens * EncoderScratch.bytesPerToken(configuration)
  }

  /// An embedding divided by its Euclidean length (at least 1e-12).
  package static func normalized(_ embedding: [Float]) -> [Float] {
    let squares = embedding.reduce(0) { $0 + $1 * $1 }
    let scale = 1 / max(squares.squareRoot(), 1e-12)
    return embedding.map { $0 * scale }
  }

  package func cost(of input: [Int32]) -> Int { max(1, input.count) }

  /// Throws `invalidInput` for no token or an unknown one, `tooLarge` for more than
  /// `maximumTokens`.
  private func validate(_ input: [Int32]) throws(InferenceError) {
    guard !input.isEmpty else {
      throw InferenceError(.invalidInput, "the input has no tokens; at least one is needed")
    }
    guard input.count <= maximumTokens else {
      throw InferenceError(
        .tooLarge, "the input has \(input.count) tokens; the model takes at most \(maximumTokens)")
    }
    for token in input where token < 0 || Int(token) >= configuration.vocabularySize {
      throw InferenceError(
        .invalidInput,
        "token \(token) is not in the model's vocabulary of \(configuration.vocabularySize)")
    }
  }

  package func compute(
    _ batch: [[Int32]], for interest: (any Interest)? = nil
  ) throws(InferenceError) -> [[Float]] {
    for input in batch { try validate(input) }
    let plan = EncoderPlan(
      lengths: batch.map(\.count), pieceTokens: pieceTokens, threads: processor.threads)
    var results = [Result<[[Float]], InferenceError>](
      repeating: .success([]), count: plan.pieces.count)
    if plan.runsConcurrently {
      unsafe results.withUnsafeMutableBufferPointer { results in
        let target = unsafe results
        processor.run(parts: plan.pieces.count) { index in
          unsafe target[index] = embed(batch[plan.pieces[index]])
        }
      }
    } else {
      for (index, piece) in plan.pieces.enumerated() { results[index] = embed(batch[piece]) }
    }
    var embeddings: [[Float]] = []
    embeddings.reserveCapacity(batch.count)
    for result in results { embeddings += try result.get() }
    return embeddings
  }

  /// Embeds one piece in working memory that is its own for so long.
  private func embed(_ inputs: ArraySlice<[Int32]>) -> Result<[[Float]], InferenceError> {
    let scratch = idle.withLock { $0.popLast() } ?? EncoderScratch()
    defer {
      scratch.trim(tokens: pieceTokens)
      idle.withLock { $0.append(scratch) }
    }
    do throws(InferenceError) {
      try forward(inputs, scratch)
      return .success((0..<inputs.count).map { scratch.embeddings.row($0) })
    } catch {
      return .failure(error)
    }
  }

  private func forward(
    _ inputs: ArraySlice<[Int32]>, _ scratch: EncoderScratch
  ) throws(InferenceError) {
    scratch.gather(inputs)
    let (x, wide) = (scratch.x, scratch.wide)
    try weights.words.look(up: scratch.tokens, into: x, processor)
    try weights.positions.look(up: scratch.positions, into: x, adding: true, processor)
    normalise(x, weights.embeddingNorm)
    for layer in weights.layers {
      scratch.input.load(x)
      processor.multiply(scratch.input, by: layer.qkv, into: wide)
      processor.attention(
        qkv: wide, offsets: scratch.offsets, heads: configuration.heads, into: scratch.attended)
      scratch.input.load(scratch.attended)
      processor.multiply(scratch.input, by: layer.attentionOutput, into: x, epilogue: .add(x))
      normalise(x, layer.attentionNorm)
      scratch.input.load(x)
      multiplyAndActivate(scratch.input, by: layer.up, into: wide)
      scratch.input.load(wide)
      processor.multiply(scratch.input, by: layer.down, into: x, epilogue: .add(x))
      normalise(x, layer.outputNorm)
    }
    pool(x, offsets: scratch.offsets, into: scratch.embeddings)
  }

  private func normalise(_ x: FloatRows, _ norm: EncoderWeights.Norm) {
    processor.layerNorm(
      x, weight: norm.weight, bias: norm.bias, epsilon: configuration.layerNormEpsilon, into: x)
  }

  private func multiplyAndActivate(
    _ input: Activations, by matrix: PackedMatrix, into output: FloatRows
  ) {
    switch configuration.activation {
    case .gelu: processor.multiply(input, by: matrix, into: output, epilogue: .gelu)
    case .geluTanh:
      processor.multiply(input, by: matrix, into: output)
      processor.activate(output, .geluTanh)
    case .relu:
      processor.multiply(input, by: matrix, into: output)
      processor.activate(output, .relu)
    }
  }

  private func pool(_ x: FloatRows, offsets: [Int32], into output: FloatRows) {
    switch pooling {
    case .mean:
      processor.pool(x, offsets: offsets, .mean, into: output)
    case .cls:
      processor.pool(x, offsets: offsets, .first, into: output)
    case .max:
      processor.poolLargest(x, offsets: offsets, into: output)
    }
  }
}
