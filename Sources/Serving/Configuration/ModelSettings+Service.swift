/// The keys of model.yaml for what stands around a model: its cache and its breaker.
extension ModelSettings {
  /// - Returns: false for a key that is none of them.
  mutating func applyService(
    _ key: String, _ text: String, _ fail: (String) -> ConfigurationError
  ) throws(ConfigurationError) -> Bool {
    func time(_ range: ClosedRange<Duration>) throws(ConfigurationError) -> Duration {
      guard let time = Quantity.duration(text), range.contains(time) else {
        throw fail("`\(text)` is not \(Quantity.expected(range))")
      }
      return time
    }
    func flag() throws(ConfigurationError) -> Bool {
      guard text == "true" || text == "false" else {
        throw fail("`\(text)` is neither true nor false")
      }
      return text == "true"
    }
    switch key {
    case "cache": caches = try flag()
    case "cache_ttl": cacheLifetime = try time(.milliseconds(1)...(.seconds(86_400)))
    case "cache_per_key": cachesPerKey = try flag()
    case "breaker_failures":
      guard let share = Double(text), (0...1).contains(share) else {
        throw fail("`\(text)` is no number from 0 to 1")
      }
      breaker.failureShare = share
    case "breaker_latency": breaker.latency = try time(.microseconds(1)...(.seconds(3600)))
    case "breaker_calls":
      guard let calls = Int(text), (1...1_000_000).contains(calls) else {
        throw fail("`\(text)` is no whole number from 1 to 1000000")
      }
      breaker.minimumCalls = calls
    case "breaker_window": breaker.window = try time(.milliseconds(100)...(.seconds(3600)))
    case "breaker_pause": breaker.pause = try time(.milliseconds(100)...(.seconds(3600)))
    case "breaker_overload": breaker.countsOverload = try flag()
    default: return false
    }
    return true
  }
}
