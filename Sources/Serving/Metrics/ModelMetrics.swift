internal import Metrics

/// What the registry of models knows anyway, read when somebody asks.
enum ModelMetrics {
  /// Versions told of at most.
  private static let bound = 1000

  static func register(
    _ models: ModelRegistry, _ readiness: Readiness, in registry: Registry
  ) {
    registry.readings(
      "apus_model_state", help: "1 for the state that a version is in; none that is just a folder.",
      kind: .gauge, labels: ["model", "version", "state"]
    ) {
      versions(models) { version in
        version.state.phase == .unloaded ? nil : ("\(version.state.phase)", 1)
      }
    }
    registry.readings(
      "apus_model_memory_bytes", help: "Memory of a version's weights and cache.", kind: .gauge,
      labels: ["model", "version"]
    ) {
      versions(models) { version in
        guard case .ready(let served, _) = version.state else { return nil }
        return (nil, Double(served.facts.memoryBytes))
      }
    }
    registry.readings(
      "apus_model_ready_timestamp_seconds", help: "When a version that answers began to.",
      kind: .gauge, labels: ["model", "version"]
    ) {
      versions(models) { version in
        guard case .ready(_, let since) = version.state else { return nil }
        return (nil, since)
      }
    }
    registry.sampled("apus_ready", help: "1 if calls should come here.", kind: .gauge) {
      readiness.verdict().isReady ? 1 : 0
    }
    registry.sampled("apus_live", help: "0 if the engine is stuck.", kind: .gauge) {
      readiness.verdict().isLive ? 1 : 0
    }
    registry.readings(
      "apus_build_info", help: "1, with the version of the server.", kind: .gauge,
      labels: ["version"]
    ) { [Reading([ServerVersion.current], 1)] }
  }

  private static func versions(
    _ models: ModelRegistry, _ read: (ModelRegistry.Version) -> (label: String?, value: Double)?
  ) -> [Reading] {
    var readings: [Reading] = []
    for model in models.all {
      for version in model.versions where readings.count < bound {
        guard let (label, value) = read(version) else { continue }
        readings.append(
          Reading([model.name, "\(version.number)"] + (label.map { [$0] } ?? []), value))
      }
    }
    return readings
  }
}
