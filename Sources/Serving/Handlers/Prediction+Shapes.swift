internal import Inference
internal import Messages

extension ApusV1.Prediction {
  /// - Parameter normalizes: whether to scale the values to length 1.
  static func embedding(_ values: [Float], normalizes: Bool) -> ApusV1.Prediction {
    var embedding = ApusV1.Embedding()
    embedding.values = normalizes ? EncoderBackend.normalized(values) : values
    return ApusV1.Prediction(.embedding(embedding))
  }

  /// Labels by falling score, equal ones by their place.
  ///
  /// - Parameter chosen: the label that the model itself decides for: it comes first.
  static func classification(
    _ scores: [Float], labels: [String], _ options: ApusV1.PredictOptions?,
    first chosen: String? = nil
  ) -> ApusV1.Prediction {
    var ranked = scores.indices.sorted {
      scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1)
    }
    if let chosen,
      let place = ranked.firstIndex(where: { $0 < labels.count && labels[$0] == chosen })
    {
      ranked.insert(ranked.remove(at: place), at: 0)
    }
    if let most = options?.topK, most > 0 { ranked = Array(ranked.prefix(Int(most))) }
    var classification = ApusV1.Classification()
    classification.labels = ranked.map { index in
      var label = ApusV1.Label()
      label.label = index < labels.count ? labels[index] : ""
      label.index = UInt32(index)
      label.score = scores[index]
      return label
    }
    return ApusV1.Prediction(.classification(classification))
  }

  /// A model on feature rows classifies when it has labels and computes values when it has none.
  static func rows(
    _ outputs: [Float], labels: [String], _ options: ApusV1.PredictOptions?
  ) -> ApusV1.Prediction {
    if !labels.isEmpty { return classification(outputs, labels: labels, options) }
    var values = ApusV1.Values()
    values.values = outputs
    return ApusV1.Prediction(.values(values))
  }

  private init(_ kind: Kind) {
    self.init()
    self.kind = kind
  }
}
