import Batching
import EventLoop
import Glibc
import Images
import Messages
import Metrics
import Synchronization
import TestSupport
import Threads

@testable import Serving

/// Versions of a model `m` that come, go and are held up when a test says so.
final class ToySource: ModelSource {
  let name = "toy"
  let problem: String? = nil
  let isKnown = true
  let tellsOfChanges = false
  /// What the files of all versions look like.
  let stamp = Mutex("")
  private let folder: String
  private let versions: Mutex<[Int: ModelDirectory.Presence]>

  init(_ folder: String, _ versions: [Int: ModelDirectory.Presence]) {
    self.folder = folder
    self.versions = Mutex(versions)
  }

  /// - Parameter presence: nil lets a version go.
  func set(_ number: Int, _ presence: ModelDirectory.Presence?) {
    versions.withLock { $0[number] = presence }
  }

  func look(_ look: SourceLook) -> ModelDirectory {
    var entry = ModelDirectory.Entry(name: "m")
    entry.versions = versions.withLock { Array($0) }.sorted { $0.key < $1.key }.map {
      var version = ModelDirectory.Version(
        number: $0.key, path: "\(folder)/m/\($0.key)", presence: $0.value)
      if look.asks("m", version) { version.stamp = stamp(of: version) }
      return version
    }
    return ModelDirectory(entries: [entry], problems: [])
  }

  func fetch(_ model: String, _ number: Int) { set(number, .coming(nil)) }
  func stamp(of version: ModelDirectory.Version) -> VersionStamp {
    VersionStamp(stamp.withLock { $0 })
  }
  func begin(_ events: SourceEvents) {}
  func refresh() -> Int { 0 }
  func hasLooked(_ number: Int) -> Bool { true }
  func noteUse(_ model: String, _ number: Int) {}
  func end() {}
}

/// What becomes of an order, once it is known.
final class Outcome: Sendable {
  private let result = Mutex<Result<Void, Status>?>(nil)

  func set(_ result: Result<Void, Status>) { self.result.withLock { $0 = result } }

  /// Empty where all went well; nil while it waits.
  var problem: String? {
    result.withLock { result -> String? in
      switch result {
      case nil: nil
      case .success: ""
      case .failure(let status): status.message
      }
    }
  }
}

/// A keeper without its thread: a test takes the steps.
struct ToyKeeper: Sendable {
  let folder: TemporaryFolder
  let source: ToySource
  let registry = ModelRegistry()
  let keeper: ModelKeeper
  private let group: EventLoopGroup

  /// - Parameter folder: with what an earlier keeper remembers.
  init(_ versions: [Int: ModelDirectory.Presence], in folder: TemporaryFolder? = nil) throws {
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    source = ToySource(folder.path, versions)
    for number in versions.keys {
      try folder.write("m/\(number)/head.json", "{}")
      try folder.write("m/\(number)/head.safetensors", Self.weights(Float(number)))
    }
    let log = try Log(format: .json, threshold: .error)
    let metrics = Metrics.Registry()
    let engine = try Engine()
    group = try EventLoopGroup(count: 1)
    let wake = Semaphore()
    let installer = ModelInstaller(
      registry: registry, engine: engine, figures: ModelFigures(metrics, engine, nil, loops: 1),
      loops: group.loops, threads: 1, stuckAfter: .seconds(30), images: ImageLimits(), log: log
    ) { wake.signal() }
    keeper = ModelKeeper(
      sources: [source], registry: registry, installer: installer,
      memory: WishMemory(database: folder.file("wishes.db"), log: log), metrics: metrics, log: log,
      period: .seconds(3600), wake: wake)
  }

  /// Takes over what the source has, and what was remembered.
  func begin(_ overrides: [String: ModelOverride] = [:]) -> ModelKeeper.Shift {
    let seen = source.look(SourceLook { _, _ in false })
    var shift = ModelKeeper.Shift(keeper: keeper, seen: [seen], loaded: {}, changed: {})
    shift.take(overrides)
    shift.begin()
    return shift
  }

  var model: ModelRegistry.Model? { try? registry.model("m") }

  /// Versions that answer.
  var ready: [Int] { (model?.versions ?? []).filter { $0.state.phase == .ready }.map(\.number) }

  /// What apus.yaml says of models.
  static func overrides(_ yaml: String) -> [String: ModelOverride] {
    var server = ServerConfiguration()
    return ConfigurationFile(yaml: Array(yaml.utf8), "apus.yaml", into: &server).overrides
  }

  /// Of a model on rows of two values that answers with a number.
  private static func weights(_ number: Float) -> [UInt8] {
    let header = Array(
      (#"{"classifier.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"#
        + #""classifier.bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#).utf8)
    func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
      (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    return bytes(UInt64(header.count)) + header + [UInt8](repeating: 0, count: 8)
      + bytes(number.bitPattern)
  }
}

extension ModelKeeper.Shift {
  /// Waits until what was unloaded has gone. Not on the tests' pool.
  mutating func settleAll() {
    settle()
    while !leaving.isEmpty {
      usleep(1000)
      settle()
    }
  }

  mutating func carryOut(_ order: ModelKeeper.Order) -> Outcome {
    let outcome = Outcome()
    carryOut(order) { outcome.set($0) }
    return outcome
  }
}
