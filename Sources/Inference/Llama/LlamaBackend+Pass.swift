internal import Compute
internal import Models

/// One pass of at most `passRows` rows through the model.
extension LlamaBackend {
  func run(
    _ slices: [SequenceSlice], _ scratch: inout LlamaScratch
  ) throws(InferenceError) -> [StepOutput] {
    var tokens: [Int32] = []
    var batch = AttentionBatch(blockCount: blockCount)
    var drawing: [(row: Int, sampler: Sampler)] = []
    for slice in slices {
      tokens += slice.tokens
      do throws(ComputeError) {
        try batch.append(
          count: slice.tokens.count, position: slice.position, blocks: slice.blocks)
      } catch {
        throw InferenceError(.invalidInput, "\(error)")
      }
      if let sampler = slice.sampler { drawing.append((batch.rows - 1, sampler)) }
    }
    try weights.embedding.look(up: tokens, into: scratch.x, processor)
    for index in weights.layers.indices {
      attend(weights.layers[index], index, batch, &scratch)
      feedForward(weights.layers[index], &scratch)
    }
    return try draw(drawing, &scratch)
  }

  private func attend(
    _ layer: LlamaWeights.Layer, _ index: Int, _ batch: AttentionBatch,
    _ scratch: inout LlamaScratch
  ) {
    let shape = configuration
    let q = shape.heads * shape.headSize
    let kv = shape.kvHeads * shape.headSize
    let (x, qkv) = (scratch.x, scratch.qkv)
    processor.rmsNorm(
      x, weight: layer.attentionNorm, epsilon: shape.normEpsilon, into: scratch.normed)
    scratch.input.load(scratch.normed)
    processor.multiply(scratch.input, by: layer.qkv, into: qkv)
    // Query heads and key heads stand side by side and turn alike.
    processor.rotate(
      qkv, column: 0, heads: shape.heads + shape.kvHeads, headSize: shape.headSize,
      positions: batch.positions, table: rotary)
    processor.store(
      qkv, keyColumn: q, valueColumn: q + kv, batch: batch, layer: index, cache: scratch.cache)
    processor.attention(
      queries: qkv, heads: shape.heads, batch: batch, layer: index, cache: scratch.cache,
      into: scratch.attended)
    scratch.input.load(scratch.attended)
    processor.multiply(scratch.input, by: layer.attentionOutput, into: x, epilogue: .add(x))
  }

  private func feedForward(_ layer: LlamaWeights.Layer, _ scratch: inout LlamaScratch) {
    let (x, hidden) = (scratch.x, scratch.hidden)
    processor.rmsNorm(
      x, weight: layer.feedForwardNorm, epsilon: configuration.normEpsilon, into: scratch.normed)
    scratch.input.load(scratch.normed)
    processor.multiply(scratch.input, by: layer.gate, into: hidden)
    processor.multiply(
      scratch.input, by: layer.up, into: hidden, epilogue: .siluGate(hidden))
    scratch.input.load(hidden)
    processor.multiply(scratch.input, by: layer.down, into: x, epilogue: .add(x))
  }

  /// Logits only of the rows that draw, a bounded number of rows at once.
  private func draw(
    _ drawing: [(row: Int, sampler: Sampler)], _ scratch: inout LlamaScratch
  ) throws(InferenceError) -> [StepOutput] {
    let rowsAtOnce = 64
    var outputs: [StepOutput] = []
    outputs.reserveCapacity(drawing.count)
    for first in stride(from: 0, to: drawing.count, by: rowsAtOnce) {
      let rows = drawing[first..<min(drawing.count, first + rowsAtOnce)]
      processor.gather(scratch.x, rows: rows.map(\.row), into: scratch.normed)
      processor.rmsNorm(
        scratch.normed, weight: weights.outputNorm, epsilon: configuration.normEpsilon,
        into: scratch.normed)
      scratch.input.load(scratch.normed)
      processor.multiply(scratch.input, by: weights.output, into: scratch.logits)
      outputs += try draw(rows.map(\.sampler), from: scratch.logits)
    }
    return outputs
  }

  /// Row i of `logits` is sampler i's; rows are independent and share the threads.
  private func draw(
    _ samplers: [Sampler], from logits: FloatRows
  ) throws(InferenceError) -> [StepOutput] {
    var results = samplers.map { sampler in
      Result<StepOutput, InferenceError>.success(StepOutput(token: 0, sampler: sampler))
    }
    let columns = logits.columns
    unsafe results.withUnsafeMutableBufferPointer { results in
      let target = unsafe results
      processor.run(parts: samplers.count) { row in
        var span = unsafe MutableSpan(
          _unsafeStart: logits.pointer + row * columns, count: columns)
        var output = StepOutput(token: 0, sampler: samplers[row])
        do throws(InferenceError) {
          try output.draw(from: &span)
          unsafe target[row] = .success(output)
        } catch {
          unsafe target[row] = .failure(error)
        }
      }
    }
    return try results.map { (result) throws(InferenceError) in try result.get() }
  }
}
