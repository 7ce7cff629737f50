internal import Accounts
internal import Messages
internal import Synchronization

/// Takes over a changed configuration in a running server, on SIGHUP.
///
///     SIGHUP ─▶ read file, variables and flags anew ─▶ all well? ─▶ what is live comes into force
///                                                         └─ no ─▶ the old one stays, log says why
///
/// One reload at a time, off the loops; signals that come meanwhile make one more.
final class Reload: Sendable {
  private struct State {
    var running: ServerConfiguration
    var isBusy = false
    var isWanted = false
  }

  /// Problems of one reload that are told one by one.
  private static let toldProblems = 20

  private let source: ConfigurationSource?
  private let keys: KeyDirectory
  private let keeper: ModelKeeper
  private let deprecations: Deprecations
  private let certificates: Certificates?
  private let log: Log
  private let state: Mutex<State>

  /// - Parameters:
  ///   - source: nil where there is nothing to read anew.
  ///   - configuration: in force since the start.
  ///   - certificates: read anew whatever becomes of the rest.
  init(
    _ source: ConfigurationSource?, _ configuration: ServerConfiguration, keys: KeyDirectory,
    keeper: ModelKeeper, deprecations: Deprecations, certificates: Certificates?, log: Log
  ) {
    self.source = source
    self.keys = keys
    self.keeper = keeper
    self.deprecations = deprecations
    self.certificates = certificates
    self.log = log
    state = Mutex(State(running: configuration))
  }

  /// What is in force.
  var running: ServerConfiguration { state.withLock { $0.running } }

  /// From any thread.
  func begin() {
    let isIdle = state.withLock { state in
      state.isWanted = true
      defer { state.isBusy = true }
      return !state.isBusy
    }
    if isIdle { Task { await work() } }
  }

  private func work() async {
    while takeTurn() { await once() }
  }

  private func takeTurn() -> Bool {
    state.withLock { state in
      defer { state.isWanted = false }
      state.isBusy = state.isWanted
      return state.isWanted
    }
  }

  private func once() async {
    certificates?.reload()
    guard let source else {
      return log.info("nothing to reload: this server was started without a configuration")
    }
    do throws(ConfigurationProblems) {
      await takeOver(try source.load())
    } catch {
      for problem in error.all.prefix(Self.toldProblems) {
        log.error("configuration", ("problem", .text(problem.description)))
      }
      log.error(
        "configuration not reloaded: the one before stays in force",
        ("problems", .integer(error.all.count)))
    }
  }

  private func takeOver(_ loaded: LoadedConfiguration) async {
    for note in loaded.notes { log.warning("configuration", ("note", .text(note))) }
    let before = running
    let change = ConfigurationChange(from: before, to: loaded.server)
    state.withLock { $0.running = change.result }
    // What follows is to be read wherever one of the two levels lets it.
    log.setThreshold(min(before.logLevel, change.result.logLevel))
    defer { log.setThreshold(change.result.logLevel) }
    keys.setDefaults(change.result.accounts.keyLimits)
    deprecations.replace(change.result.deprecations)
    for each in change.live {
      log.info(
        "changed", ("setting", .text(each.path)), ("from", .text(each.before)),
        ("to", .text(each.after)))
    }
    for each in change.restart {
      log.warning(
        "needs a restart", ("setting", .text(each.path)), ("in_force", .text(each.before)),
        ("configured", .text(each.after)), ("advice", .text(each.advice ?? "restart the server")))
    }
    do throws(Status) {
      try await keeper.perform(.override(change.result.overrides))
    } catch {
      log.warning("models were not told of the configuration", ("problem", .text(error.message)))
    }
    log.info(
      "configuration reloaded", ("file", .text(loaded.file ?? "none")),
      ("changed", .integer(change.live.count)), ("needs_restart", .integer(change.restart.count)))
  }
}
