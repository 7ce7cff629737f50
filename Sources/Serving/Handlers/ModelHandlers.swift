internal import Accounts
internal import Inference
internal import Messages
internal import REST
internal import Time

/// ListModels and GetModel: what the registry knows, in the contract's words.
struct ModelHandlers: Sendable {
  let registry: ModelRegistry
  let deprecations: Deprecations

  /// - Parameter caller: nil for whoever may know of all.
  func list(for caller: Caller?) -> ApusV1.ListModelsResponse {
    var response = ApusV1.ListModelsResponse()
    let seen = registry.all.filter { caller?.sees(model: $0.name) ?? true }
    response.models = seen.map { info($0, $0.versions) }
    return response
  }

  /// - Throws: NOT_FOUND naming what there is; PERMISSION_DENIED for a model that the caller's key
  ///   does not open.
  func get(
    _ request: ApusV1.GetModelRequest, for caller: Caller? = nil
  ) throws(Status) -> ApusV1.GetModelResponse {
    let model = try registry.model(request.name, for: caller)
    try caller?.checkSees(model: model.name)
    var versions = model.versions
    if !request.version.isEmpty {
      let number =
        request.version == "latest"
        ? try registry.resolve(request.name, version: "latest").versionText : request.version
      versions = versions.filter { String($0.number) == number }
      if versions.isEmpty {
        // Of a version that there is not, resolve says what there is.
        _ = try registry.resolve(request.name, version: request.version)
      }
    }
    var response = ApusV1.GetModelResponse()
    response.model = info(model, versions)
    return response
  }

  private func info(
    _ model: ModelRegistry.Model, _ versions: [ModelRegistry.Version]
  ) -> ApusV1.ModelInfo {
    var info = ApusV1.ModelInfo()
    info.name = model.name
    info.description = model.settings.description
    info.error = model.problem ?? ""
    info.versions = versions.reversed().map { version in
      var description = Self.describe(version)
      description.deprecation = deprecation(of: model.name, version.number)
      return description
    }
    info.labels = model.labels.sorted { $0.key < $1.key }.map { name, label in
      ApusV1.VersionLabel(label: name, version: String(label.version), share: label.share)
    }
    let history = registry.history(of: model.name)
    info.source = history.source
    info.sourceError = history.sourceProblem
    info.events = history.events.map { event in
      ApusV1.ModelEvent(
        time: event.time, event: event.kind.rawValue,
        version: event.version.map(String.init) ?? "", detail: event.detail)
    }
    return info
  }

  private func deprecation(of name: String, _ version: Int) -> ApusV1.Deprecation? {
    guard let mark = deprecations.mark(ofModel: name, version: version) else { return nil }
    return ApusV1.Deprecation(
      deprecatedAt: mark.notice.since.seconds, sunsetAt: mark.notice.sunset?.seconds ?? 0,
      link: mark.link ?? "", successor: mark.successor ?? "",
      gone: deprecations.hasGone(name, version: version))
  }

  private static func describe(_ version: ModelRegistry.Version) -> ApusV1.ModelVersion {
    var description = ApusV1.ModelVersion()
    description.version = String(version.number)
    description.state = version.wireState
    description.error = version.failure ?? ""
    switch version.state {
    case .unloaded, .loading, .unloading, .failed: break
    case .ready(let model, let since):
      description.readySince = since
      add(model.facts, to: &description)
      description.breaker = breaker(model.breaker)
    }
    return description
  }

  private static func breaker(_ breaker: VersionBreaker) -> ApusV1.Breaker {
    let (state, failureRate) = breaker.reading
    var description = ApusV1.Breaker()
    description.state =
      switch state {
      case .closed: .closed
      case .halfOpen: .halfOpen
      case .open: .open
      }
    description.failureRate = failureRate
    return description
  }

  private static func add(_ facts: ModelFacts, to description: inout ApusV1.ModelVersion) {
    description.task =
      switch facts.task {
      case .embedding: .embedding
      case .classification: .classification
      case .regression: .regression
      case .tensors: .tensors
      case .generation: .generation
      }
    description.architecture = facts.architecture
    description.quantization = facts.quantization
    description.parameters = UInt64(facts.parameters)
    description.memoryBytes = UInt64(facts.memoryBytes)
    description.maxTokens = UInt32(clamping: facts.maximumTokens)
    description.maxInstances =
      facts.task == .generation ? 0 : UInt32(clamping: facts.maximumInstances)
    description.embeddingSize = UInt32(clamping: facts.embeddingSize)
    description.labels = facts.labels
    description.contextLength = UInt32(clamping: facts.contextLength)
    description.trainedContextLength = UInt32(clamping: facts.trainedContextLength)
    description.normalized = facts.normalizes
    description.vocabularySize = UInt32(clamping: facts.vocabularySize)
    if let graph = facts.graph {
      description.inputs = graph.inputs.map { ApusV1.TensorInfo($0, rows: graph.hasRows) }
      description.outputs = graph.outputs.map { ApusV1.TensorInfo($0, rows: graph.hasRows) }
    }
    if facts.rowWidth > 0 {
      var input = ApusV1.TensorInfo()
      input.name = "features"
      input.dataType = .fp32
      input.shape = [-1, Int64(facts.rowWidth)]
      description.inputs = [input]
    }
  }
}

extension ModelRegistry.Version {
  var wireState: ApusV1.State {
    switch state {
    case .unloaded:
      switch presence {
      case .here, .elsewhere: .unloaded
      case .coming: .fetching
      case .broken: .failed
      }
    case .loading: .loading
    case .ready: .ready
    case .failed: .failed
    case .unloading: .unloading
    }
  }
}
