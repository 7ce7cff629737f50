import Testing

@testable import Serving

@Suite struct ConfigurationChangeTests {
  private func overrides(_ yaml: String) -> [String: ModelOverride] {
    var server = ServerConfiguration()
    return ConfigurationFile(yaml: Array(yaml.utf8), "a.yaml", into: &server).overrides
  }

  @Test func eachSettingIsTakenOverOrNamed() throws {
    for setting in ServerSettings.all {
      let before = ServerConfiguration()
      var wanted = before
      try setting.set(Samples.other(setting), in: &wanted)
      let change = ConfigurationChange(from: before, to: wanted)
      let isLive = setting.change == .live
      #expect(change.live.map(\.path) == (isLive ? [setting.path] : []))
      #expect(change.restart.map(\.path) == (isLive ? [] : [setting.path]))
      let inForce = setting.value.read(change.result)
      #expect(inForce == setting.value.read(isLive ? wanted : before), "\(setting.path)")
      // What is in force is compared again the next time.
      let again = ConfigurationChange(from: change.result, to: wanted)
      #expect(again.live.isEmpty && again.restart.count == change.restart.count)
    }
  }

  @Test func limitsOfKeysLabelsAndLevelsAreLive() {
    let live = ServerSettings.all.filter { $0.change == .live }.map(\.path)
    for path in ["limits.requests", "limits.window", "limits.tokens", "limits.concurrent"] {
      #expect(live.contains(path))
    }
    #expect(live.contains("log.level"))
  }

  @Test func modelsTakeOverWhatNeedsNoLoading() {
    var before = ServerConfiguration()
    before.overrides = overrides("models: {m: {queue_limit: 5, description: a}}")
    var wanted = ServerConfiguration()
    wanted.overrides = overrides(
      "models: {m: {queue_limit: 6, keep_versions: 2, labels: {a: 1}}, n: {max_context: 99}}")
    let change = ConfigurationChange(from: before, to: wanted)
    #expect(
      change.live.map(\.path) == [
        "models.m.description", "models.m.keep_versions", "models.m.labels",
      ]
    )
    #expect(change.restart.map(\.path) == ["models.m.queue_limit", "models.n.max_context"])
    #expect(change.restart.allSatisfy { $0.advice != nil })
    #expect(change.result.overrides == wanted.overrides)
  }

  @Test func chainsOfModelsAreLive() {
    var before = ServerConfiguration()
    before.overrides = overrides("models: {m: {fallback: [previous]}, n: {}}")
    var wanted = ServerConfiguration()
    wanted.overrides = overrides("models: {m: {}, n: {fallback: [static: {text: sorry}]}}")
    let change = ConfigurationChange(from: before, to: wanted)
    #expect(
      change.live == [
        .init(path: "models.m.fallback", before: "[previous]", after: "as model.yaml says"),
        .init(
          path: "models.n.fallback", before: "as model.yaml says",
          after: "[static: {text: sorry}]"),
      ])
    #expect(change.restart.isEmpty && change.result.overrides == wanted.overrides)
  }

  @Test func whatIsDeprecatedIsTakenOverEntryByEntry() {
    func configuration(_ yaml: String) -> ServerConfiguration {
      var server = ServerConfiguration()
      let file = ConfigurationFile(yaml: Array(yaml.utf8), "a.yaml", into: &server)
      #expect(file.problems.isEmpty)
      server.deprecations = file.deprecations
      return server
    }
    let before = configuration(
      "deprecated: [{model: a, since: 2026-01-01}, {model: b, since: 2026-01-01}]")
    let wanted = configuration(
      "deprecated: [{model: b, since: 2026-01-02}, {model: c, version: 3, since: 2026-01-01}]")
    let change = ConfigurationChange(from: before, to: wanted)
    #expect(change.restart.isEmpty)
    #expect(
      change.live.map(\.path) == [
        "deprecated model a", "deprecated model b", "deprecated model c/3",
      ])
    #expect(change.live.first?.after == "not deprecated")
    #expect(change.live.last?.before == "not deprecated")
    #expect(change.live[1].after.hasPrefix("since 2026-01-02T00:00:00Z"))
    #expect(change.result.deprecations.map(\.name) == ["b", "c/3"])
    #expect(ConfigurationChange(from: change.result, to: wanted).live.isEmpty)
  }

  @Test func nothingChangesWhereNothingDiffers() {
    let change = ConfigurationChange(from: ServerConfiguration(), to: ServerConfiguration())
    #expect(change.live.isEmpty && change.restart.isEmpty)
  }
}
