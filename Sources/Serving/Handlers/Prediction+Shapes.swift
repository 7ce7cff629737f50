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
    let most = options?.topK.flatMap { $0 > 0 ? Int($0) : nil } ?? scores.count
    let named = chosen.map { name in labels.indices.filter { labels[$0] == name } } ?? []
    let first = best(of: named.filter(scores.indices.contains), scores, most: 1)
    let others = best(of: Array(scores.indices), scores, most: most).filter { !first.contains($0) }
    var classification = ApusV1.Classification()
    classification.labels = (first + others).prefix(most).map { index in
      var label = ApusV1.Label()
      label.label = index < labels.count ? labels[index] : ""
      label.index = UInt32(index)
      label.score = scores[index]
      return label
    }
    return ApusV1.Prediction(.classification(classification))
  }

  /// Places of the highest scores in falling order, of equal ones the first.
  ///
  /// - Parameter places: in rising order.
  private static func best(of places: [Int], _ scores: [Float], most: Int) -> [Int] {
    func isBefore(_ one: Int, _ other: Int) -> Bool {
      scores[one] > scores[other] || (scores[one] == scores[other] && one < other)
    }
    if most > 32 { return Array(places.sorted(by: isBefore).prefix(most)) }
    // A few of many: nearly all are passed by with a look at the last that counts.
    var best: [Int] = []
    for place in places {
      if best.count == most {
        guard let last = best.last, isBefore(place, last) else { continue }
        best.removeLast()
      }
      best.insert(place, at: best.firstIndex { isBefore(place, $0) } ?? best.count)
    }
    return best
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
