package import Compute
package import Models
internal import Synchronization

/// A Llama language model (arXiv:2302.13971) over a paged KV cache (arXiv:2309.06180).
///
/// A step packs the tokens of all slices, decoding and prompt chunks alike, into one batch of rows.
/// More than `passRows` rows run in several passes, which bounds the working memory; neither that,
/// nor how a prompt is cut into chunks, nor what else is in the step changes a bit of an answer.
package final class LlamaBackend: SequenceBackend {
  /// How much memory a model may hold for running sequences.
  package struct Limits: Sendable {
    /// Bytes of keys and values of all sequences together; at least one block is held.
    package var kvBytes: Int
    /// nil is f32 for tiny models, where rounding moves answers and memory is no matter (a position
    /// of at most 4 KiB in all layers), else f16.
    package var kvPrecision: KVCache.Precision?
    /// Most positions of one sequence; what the model was made for, where that is less.
    package var contextLength: Int
    /// Rows that one pass computes.
    package var passRows: Int

    package init(
      kvBytes: Int = 64 << 20, kvPrecision: KVCache.Precision? = nil,
      contextLength: Int = 8192, passRows: Int = 512
    ) {
      self.kvBytes = kvBytes
      self.kvPrecision = kvPrecision
      self.contextLength = contextLength
      self.passRows = passRows
    }
  }

  package let configuration: LlamaConfiguration
  package let contextLength: Int
  package let blockCount: Int
  /// Bytes held: weights, KV cache, and working memory of a full pass.
  package let memoryBytes: Int
  /// How the matrices are held, as their file has them: `q8_0`, `f16`, `f32`.
  package let weightType: String
  /// Number of weights.
  package let parameters: Int
  let processor: Processor
  let passRows: Int
  let weights: LlamaWeights
  let rotary: RotaryTable
  let scratch: Mutex<LlamaScratch>

  package var vocabularySize: Int { configuration.vocabularySize }
  package var blockTokens: Int { KVCache.blockTokens }

  /// Packs the weights and takes the KV memory; the model's file is not needed afterwards.
  ///
  /// - Parameters:
  ///   - arena: where weights and cache lie; for each model its own, so that they go back with it.
  ///   - progress: called after every matrix; what it throws ends the loading.
  package init(
    _ model: LlamaModel, processor: Processor, limits: Limits = Limits(),
    arena: SlabArena = SlabArena(), progress: LoadingProgress = { _ in }
  ) throws(InferenceError) {
    precondition(limits.passRows > 0 && limits.contextLength > 0)
    let shape = model.configuration
    func blockBytes(_ precision: KVCache.Precision) -> Int {
      KVCache.blockBytes(
        layers: shape.layers, heads: shape.kvHeads, headSize: shape.headSize, precision: precision)
    }
    let isTiny = blockBytes(.f32) <= KVCache.blockTokens << 12
    let precision = limits.kvPrecision ?? (isTiny ? .f32 : .f16)
    let blockBytes = blockBytes(precision)
    let blocks = max(1, limits.kvBytes / blockBytes)
    let positions = min(
      shape.contextLength, limits.contextLength, blocks * KVCache.blockTokens)
    configuration = shape
    contextLength = positions
    // No more than every block of a context for each of 256 sequences could ever be used.
    let useful = 256 * ((positions + KVCache.blockTokens - 1) / KVCache.blockTokens)
    blockCount = min(blocks, useful)
    passRows = limits.passRows
    parameters = model.parameters
    weightType = model.layers.first?.query.type.rawValue ?? ""
    self.processor = processor
    weights = try LlamaWeights(model, in: arena, progress: progress)
    rotary = RotaryTable(
      dimensions: shape.rope.dimension, base: shape.rope.base, positions: positions,
      pairing: .adjacent, scale: 1 / shape.rope.scale,
      frequencyFactors: try Self.ropeFactors(model))
    do throws(ComputeError) {
      scratch = Mutex(
        LlamaScratch(
          cache: try KVCache(
            layers: shape.layers, heads: shape.kvHeads, headSize: shape.headSize,
            blocks: blockCount, precision: precision, in: arena)))
    } catch {
      throw InferenceError(.invalidModel, "the KV cache: \(error); give it less (kv_cache)")
    }
    memoryBytes =
      weights.byteCount + blockCount * blockBytes
      + positions * shape.rope.dimension * 4
      + passRows * LlamaScratch.bytesPerRow(shape)
  }

  /// What divides the frequencies of rotary embedding; none for as they are.
  private static func ropeFactors(_ model: LlamaModel) throws(InferenceError) -> [Float] {
    guard let tensor = model.ropeFactors else { return [] }
    let factors = try tensor.vector()
    guard factors.allSatisfy({ $0 > 0 }) else {
      throw InferenceError(.invalidModel, "tensor \(tensor.name): factors must be above 0")
    }
    return factors
  }

  package func step(_ slices: [SequenceSlice]) throws(InferenceError) -> [StepOutput] {
    let passes = try plan(slices)
    var outputs: [StepOutput] = []
    do {
      for pass in passes {
        outputs += try scratch.withLock { scratch in try run(pass, &scratch) }
      }
    } catch let error as InferenceError {
      throw error
    } catch {
      throw InferenceError(.invalidInput, "\(error)")
    }
    return outputs
  }

  private func checkVocabulary(_ tokens: [Int32]) throws(InferenceError) {
    for token in tokens where token < 0 || Int(token) >= vocabularySize {
      throw InferenceError(
        .invalidInput, "token \(token) is not in the model's vocabulary of \(vocabularySize)")
    }
  }

  /// Checks the slices and cuts them into passes of at most `passRows` rows, in order.
  private func plan(_ slices: [SequenceSlice]) throws(InferenceError) -> [[SequenceSlice]] {
    var passes: [[SequenceSlice]] = []
    var free = 0
    for slice in slices {
      try check(slice)
      var done = 0
      while done < slice.tokens.count {
        if free == 0 {
          passes.append([])
          free = passRows
        }
        let count = min(free, slice.tokens.count - done)
        let isLast = done + count == slice.tokens.count
        passes[passes.count - 1].append(
          SequenceSlice(
            tokens: Array(slice.tokens[done..<done + count]), position: slice.position + done,
            blocks: slice.blocks, sampler: isLast ? slice.sampler : nil))
        done += count
        free -= count
      }
    }
    return passes
  }

  private func check(_ slice: SequenceSlice) throws(InferenceError) {
    guard !slice.tokens.isEmpty else {
      throw InferenceError(.invalidInput, "a slice has no tokens; at least one is needed")
    }
    try checkVocabulary(slice.tokens)
    guard slice.position >= 0, slice.position <= contextLength,
      slice.tokens.count <= contextLength - slice.position
    else {
      throw InferenceError(
        .tooLarge,
        "\(slice.tokens.count) tokens at position \(slice.position) do not fit the context of "
          + "\(contextLength)")
    }
    // The rest of a block table is checked where the batch is made, before anything is computed.
    var batch = AttentionBatch(blockCount: blockCount)
    do throws(ComputeError) {
      try batch.append(
        count: slice.tokens.count, position: slice.position, blocks: slice.blocks)
    } catch {
      throw InferenceError(.invalidInput, "\(error)")
    }
  }
}
