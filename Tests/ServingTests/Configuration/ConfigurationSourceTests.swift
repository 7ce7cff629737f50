import TestSupport
import Testing

@testable import Serving

@Suite struct ConfigurationSourceTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("apus.yaml")
  }

  @Test func flagsGoBeforeVariablesBeforeTheFileBeforeDefaults() throws {
    for setting in ServerSettings.all where setting.section == .grpc && setting.key != "address" {
      let (least, most) = try #require(Samples.bounds(setting))
      let initial = try #require(setting.value.read(ServerConfiguration()))
      try folder.write("apus.yaml", "grpc:\n  \(setting.key): \(least)\n")
      func inForce(_ source: ConfigurationSource) throws -> (String?, Origin) {
        let loaded = try source.load()
        return (setting.value.read(loaded.server), loaded.origin(of: setting.name))
      }
      var source = ConfigurationSource(file: path)
      #expect(try inForce(source) == (least, .file(path, line: 2)))
      source.variables = [setting.variable: most]
      #expect(try inForce(source) == (most, .variable(setting.variable)))
      source.flags = [setting.name: initial]
      #expect(try inForce(source) == (initial, .flag(setting.name)))
      source.variables = [:]
      #expect(try inForce(source) == (initial, .flag(setting.name)))
      try folder.write("apus.yaml", "")
      #expect(try inForce(ConfigurationSource(file: path)) == (initial, .initial))
    }
  }

  @Test func everySettingCanBeSetInEveryWay() throws {
    for setting in ServerSettings.all {
      let text = Samples.other(setting)
      let section = try #require(setting.section)
      try folder.write(
        "apus.yaml", "\(section.rawValue): {\(setting.key): \(YAMLText.scalar(text))}")
      // None of these may stand alone.
      let partners = ServerSettings.all.filter {
        section == .tls && $0.section == .tls && $0.name != setting.name
      }
      for var source in [
        ConfigurationSource(file: path),
        ConfigurationSource(file: folder.file("empty"), variables: [setting.variable: text]),
        ConfigurationSource(file: folder.file("empty"), flags: [setting.name: text]),
      ] {
        for partner in partners { source.variables[partner.variable] = Samples.other(partner) }
        try folder.write("empty", "")
        #expect(setting.value.read(try source.load().server) == text, "\(setting.path)")
      }
    }
  }

  @Test func allLayersAreCheckedEvenWhereAHigherOneWins() throws {
    try folder.write("apus.yaml", "grpc:\n  max_calls: 0\n")
    let source = ConfigurationSource(
      file: path, variables: ["APUS_MAX_CALLS": "few", "APUS_GRPC": "nowhere"],
      flags: ["max-calls": "10", "loops": "many"])
    #expect {
      try source.load()
    } throws: { error in
      guard let problems = error as? ConfigurationProblems else { return false }
      let texts = problems.all.map(\.description)
      return !problems.isOfCommandLine && texts.count == 4
        && texts[0].hasPrefix("\(path):2: grpc.max_calls: `0`")
        && texts[1].hasPrefix("APUS_GRPC \"nowhere\" is no address")
        && texts[2] == "APUS_MAX_CALLS=few: expected a whole number from 1 to 10000000"
        && texts[3] == "--loops many: expected a whole number from 1 to 256"
    }
  }

  @Test func flagsAloneAreTheCommandLinesFault() throws {
    try folder.write("apus.yaml", "")
    let source = ConfigurationSource(file: path, flags: ["loops": "many"])
    #expect { try source.load() } throws: {
      ($0 as? ConfigurationProblems)?.isOfCommandLine == true
    }
  }

  @Test func aFileThatIsNotThereIsAnError() {
    let source = ConfigurationSource(file: folder.file("none.yaml"))
    #expect { try source.load() } throws: { "\($0)".contains("none.yaml: ") }
  }

  @Test func aVariableThatSaysNothingIsNotedAndAStrangersIsNot() throws {
    try folder.write("apus.yaml", "")
    let source = ConfigurationSource(
      file: path,
      variables: [
        "APUS_MAX_CAL": "5", "APUS_KEYS": "z", "APUS_COLOUR_OF_LIGHT": "red",
        // Known elsewhere.
        "APUS_KEY": "x", "APUS_CONFIG": "y", "APUS_CPU": "scalar",
        // Of services that are called `apus` and `apus-http`.
        "APUS_PORT": "tcp://10.0.0.1:8001", "APUS_SERVICE_HOST": "10.0.0.1",
        "APUS_SERVICE_PORT": "8001", "APUS_SERVICE_PORT_GRPC": "8001",
        "APUS_PORT_8001_TCP": "tcp://10.0.0.1:8001", "APUS_PORT_8001_TCP_PORT": "8001",
        "APUS_HTTP_PORT_8000_TCP_ADDR": "10.0.0.1", "APUS_HTTP_PORT": "tcp://10.0.0.1:8000",
      ])
    #expect(
      try source.load().notes == [
        "APUS_COLOUR_OF_LIGHT is no setting; apus config print names all that there are",
        "APUS_KEYS is no setting; did you mean APUS_KEY?",
        "APUS_MAX_CAL is no setting; did you mean APUS_MAX_CALLS?",
      ])
  }
}
