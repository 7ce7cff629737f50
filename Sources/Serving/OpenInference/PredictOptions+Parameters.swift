internal import Messages

extension ApusV1.PredictOptions {
  /// The options that a request's parameters name. Parameters that are not known are ignored, as
  /// the protocol has it; nil where none is.
  init?(parameters: [String: OpenInference.InferParameter]) throws(Status) {
    let known = ["top_k", "normalize", "truncate", "no_cache", "timeout"]
    guard known.contains(where: { parameters[$0] != nil }) else { return nil }
    self.init()
    topK = try Self.count(parameters, "top_k").map { UInt32(clamping: $0) }
    normalize = try Self.truth(parameters, "normalize")
    truncate = try Self.truth(parameters, "truncate")
    noCache = try Self.truth(parameters, "no_cache") ?? false
    // In microseconds, as Triton has it; what is less than a millisecond is not no limit.
    if let timeout = try Self.count(parameters, "timeout") {
      queueTimeoutMs = UInt32(clamping: timeout / 1000 + (timeout % 1000 > 0 ? 1 : 0))
    }
  }

  private static func truth(
    _ parameters: [String: OpenInference.InferParameter], _ name: String
  ) throws(Status) -> Bool? {
    guard let parameter = parameters[name] else { return nil }
    guard case .boolParam(let truth) = parameter.parameterChoice else {
      throw Validation.invalid("parameters.\(name)", "expected true or false")
    }
    return truth
  }

  private static func count(
    _ parameters: [String: OpenInference.InferParameter], _ name: String
  ) throws(Status) -> UInt64? {
    guard let parameter = parameters[name] else { return nil }
    switch parameter.parameterChoice {
    case .int64Param(let number) where number >= 0: return UInt64(number)
    case .uint64Param(let number): return number
    default: throw Validation.invalid("parameters.\(name)", "expected a whole number from 0")
    }
  }
}
