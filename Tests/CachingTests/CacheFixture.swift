import Messages

@testable import Caching

func key(_ text: String, generation: UInt64 = 1) -> CacheKey {
  CacheKey(generation: generation, request: Array(text.utf8))
}

func answer(_ value: Float, width: Int = 1) -> CachedAnswer {
  var values = ApusV1.Values()
  values.values = Array(repeating: value, count: width)
  var prediction = ApusV1.Prediction()
  prediction.kind = .values(values)
  return CachedAnswer(predictions: [prediction], tokens: 3)
}
