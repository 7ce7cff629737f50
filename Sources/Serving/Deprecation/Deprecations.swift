internal import Accounts
internal import Messages
internal import Metrics
internal import REST
internal import Synchronization
internal import Time

/// What is to go, as apus.yaml says it now: its callers are told and counted, and refused once it
/// has gone.
///
///     method: AccessControl, once it is known who calls ─────────────┐
///     model:  its handler, before limits are charged ────────────────┼▶ told, counted, refused?
///     route:  HTTP front, before a body is read (RouteDeprecations) ─┘
///
/// Whoever calls nothing of that kind pays for one look at a flag.
final class Deprecations: Sendable {
  private let table: Mutex<DeprecationTable>
  private let isEmpty: Atomic<Bool>
  private let calls, refusals: Family<Counter>
  private let metrics: Registry
  private let clock: @Sendable () -> UnixTime

  init(
    _ entries: [DeprecationEntry] = [], metrics: Registry,
    clock: @escaping @Sendable () -> UnixTime = UnixTime.now
  ) {
    table = Mutex(DeprecationTable(entries))
    isEmpty = Atomic(entries.isEmpty)
    self.metrics = metrics
    self.clock = clock
    let (labels, bound) = (["what", "name", "key"], 4000)
    calls = metrics.counters(
      "apus_deprecated_calls_total", help: "Calls of what is deprecated, by key.", labels: labels,
      bound: bound)
    refusals = metrics.counters(
      "apus_deprecated_refusals_total", help: "Calls of what is past its sunset, by key.",
      labels: labels, bound: bound)
  }

  /// Takes over a changed configuration.
  func replace(_ entries: [DeprecationEntry]) {
    let new = DeprecationTable(entries)
    let names = Set(entries.map { [$0.what, $0.name] })
    let counted = Set(calls.series.map { Array($0.values.prefix(2)) })
    for gone in counted.subtracting(names) { metrics.forget(["what": gone[0], "name": gone[1]]) }
    table.withLock { $0 = new }
    isEmpty.store(entries.isEmpty, ordering: .relaxed)
  }

  // MARK: Who asks

  /// A call of a method.
  ///
  /// - Throws: UNIMPLEMENTED once the method has gone.
  func admit(_ path: String, _ context: CallContext) throws(Status) {
    guard let mark = find({ $0.methods[path] }) else { return }
    try meet(mark, .unimplemented, context)
  }

  /// A call of a model, known or not.
  ///
  /// - Throws: NOT_FOUND once the version has gone, as for one whose files are no longer there;
  ///   PERMISSION_DENIED for a model that the key does not open.
  func admit(_ route: ModelRoute, _ context: CallContext) throws(Status) {
    guard let mark = find({ $0.mark(ofModel: route.name, version: route.version) }) else { return }
    try context.record?.caller.checkMay(useModel: route.name)
    try meet(mark, .notFound, context)
  }

  /// A call of a model that is yet to come, such as a job's: it will be told and counted then.
  func check(_ model: String, version: Int) throws(Status) {
    guard let gone = mark(ofModel: model, version: version)?.gone(at: clock()) else { return }
    throw Self.refusal(gone, .notFound)
  }

  /// What is said of a version to those who only look.
  func mark(ofModel name: String, version: Int) -> DeprecationMark? {
    find { $0.mark(ofModel: name, version: version) }
  }

  /// Whether a version may not even stand in for another.
  func hasGone(_ name: String, version: Int) -> Bool {
    mark(ofModel: name, version: version)?.gone(at: clock()) != nil
  }

  func mark(ofRoute name: String) -> DeprecationMark? { find { $0.routes[name] } }

  /// Counts a request to something marked.
  ///
  /// - Returns: the entry by which it is refused; nil where it is not.
  func count(_ mark: DeprecationMark, key: String) -> DeprecationEntry? {
    let gone = mark.gone(at: clock())
    for entry in mark.entries {
      calls.with(entry.what, entry.name, key).increment()
      if gone != nil { refusals.with(entry.what, entry.name, key).increment() }
    }
    return gone
  }

  // MARK: Parts

  private func find(_ body: (DeprecationTable) -> DeprecationMark?) -> DeprecationMark? {
    guard !isEmpty.load(ordering: .relaxed) else { return nil }
    return table.withLock { body($0) }
  }

  private func meet(
    _ mark: DeprecationMark, _ code: Status.Code, _ context: CallContext
  ) throws(Status) {
    let record = context.record
    let gone = count(mark, key: "\(record?.caller.keyID ?? .anonymous)")
    record?.update { $0.deprecated += mark.names }
    // A method and a model may both have something to tell.
    var (notice, initial) = (mark.notice, Metadata())
    for entry in context.initialMetadata.entries {
      if case .text(let value) = entry.value, notice.take(entry.name, value) { continue }
      initial.append(entry)
    }
    guard let gone else {
      for field in notice.fields { initial.append(field.name, field.value) }
      context.initialMetadata = initial
      return
    }
    context.initialMetadata = initial
    var status = Self.refusal(gone, code)
    for field in notice.fields { status.metadata.append(field.name, field.value) }
    throw status
  }

  private static func refusal(_ gone: DeprecationEntry, _ code: Status.Code) -> Status {
    var status = Status(code, gone.farewell)
    status.add(.sunset)
    return status
  }
}
