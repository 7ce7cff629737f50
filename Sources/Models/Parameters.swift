extension EncoderModel {
  /// Number of weights.
  package var parameters: Int {
    let linears = layers.flatMap {
      [$0.query, $0.key, $0.value, $0.attentionOutput, $0.up, $0.down]
    }
    let norms = layers.flatMap { [$0.attentionNorm, $0.outputNorm] } + [embeddingNorm]
    let tensors =
      linears.flatMap { [$0.weight, $0.bias] } + norms.flatMap { [$0.weight, $0.bias] }
      + [wordEmbedding, positionEmbedding, typeEmbedding]
    return tensors.reduce(0) { $0 + $1.elementCount }
  }
}

extension LlamaModel {
  /// Number of weights; an output matrix tied to the embedding counts once.
  package var parameters: Int {
    var tensors = layers.flatMap {
      [
        $0.attentionNorm, $0.query, $0.key, $0.value, $0.attentionOutput, $0.feedForwardNorm,
        $0.gate, $0.up, $0.down,
      ]
    }
    tensors += [embedding, outputNorm]
    if !isTied { tensors.append(output) }
    return tensors.reduce(0) { $0 + $1.elementCount }
  }
}
