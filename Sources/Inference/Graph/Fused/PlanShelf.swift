internal import Compute
internal import Synchronization

/// What operators work out for images of one size, kept for the next ones: layers of the same shape
/// share it, and so does one run after the other.
///
/// All of it is charged to the budget of the values, of which it may keep an eighth; then what was
/// not used for longest goes.
final class PlanShelf: Sendable {
  struct Key: Hashable {
    enum Kind: Hashable {
      case bytes(joinsRows: Bool)
      case floats(joinsRows: Bool)
      case means(countsPadding: Bool, down: Int, right: Int)
    }
    let kind: Kind
    let shape: ConvolutionShape
  }

  private struct Entry {
    let plan: any ChargedPlan
    var lastUse: Int
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var bytes = 0
    var uses = 0
  }

  private static let mostEntries = 1024

  private let budget: MemoryBudget
  private let state = Mutex(State())

  init(_ budget: MemoryBudget) { self.budget = budget }

  /// How many plans are kept.
  var count: Int { state.withLock { $0.entries.count } }

  /// - Parameters:
  ///   - bytes: what it takes.
  ///   - make: makes it where it is not there.
  /// - Throws: what `make` throws; that there is no memory left.
  func plan<Plan: Sendable>(
    for key: Key, bytes: Int, _ make: () throws -> Plan
  ) throws -> HeldPlan<Plan> {
    if let found = find(key) as? HeldPlan<Plan> { return found }
    let new = try HeldPlan(bytes: bytes, budget, make)
    if bytes <= budget.limit / 8 { keep(new, key) }
    return new
  }

  private func find(_ key: Key) -> (any ChargedPlan)? {
    state.withLock { state in
      state.uses += 1
      state.entries[key]?.lastUse = state.uses
      return state.entries[key]?.plan
    }
  }

  private func isOver(_ state: State) -> Bool {
    state.bytes > budget.limit / 8 || state.entries.count > Self.mostEntries
  }

  private func keep(_ plan: any ChargedPlan, _ key: Key) {
    // What goes is let go of outside of the lock.
    let gone = state.withLock { state in
      var gone = [state.entries.updateValue(Entry(plan: plan, lastUse: state.uses), forKey: key)]
      state.bytes += plan.bytes - (gone[0]?.plan.bytes ?? 0)
      guard isOver(state) else { return gone }
      // Sorted only here: the few new sizes pay for it, not the many uses.
      var all = state.entries.sorted { $0.value.lastUse > $1.value.lastUse }
      while isOver(state), let oldest = all.popLast() {
        state.bytes -= oldest.value.plan.bytes
        gone.append(state.entries.removeValue(forKey: oldest.key))
      }
      return gone
    }
    withExtendedLifetime(gone) {}
  }
}

private protocol ChargedPlan: AnyObject, Sendable {
  var bytes: Int { get }
}

/// A plan while somebody uses it or it is kept.
final class HeldPlan<Plan: Sendable>: ChargedPlan {
  let plan: Plan
  let bytes: Int
  private let budget: MemoryBudget

  fileprivate init(bytes: Int, _ budget: MemoryBudget, _ make: () throws -> Plan) throws {
    try budget.take(bytes)
    do { plan = try make() } catch {
      budget.release(bytes)
      throw error
    }
    self.bytes = bytes
    self.budget = budget
  }

  deinit { budget.release(bytes) }
}

extension GraphContext {
  /// Where windows over images of bytes read.
  func plan(
    _ shape: ConvolutionShape, joinsRows: Bool = false
  ) throws -> HeldPlan<ConvolutionPlan> {
    let key = PlanShelf.Key(kind: .bytes(joinsRows: joinsRows), shape: shape)
    return try plans.plan(for: key, bytes: shape.planBytes(joinsRows: joinsRows)) {
      try ConvolutionPlan(shape, joinsRows: joinsRows)
    }
  }

  /// The same over images of floats.
  func windows(
    _ shape: ConvolutionShape, joinsRows: Bool = false
  ) throws -> HeldPlan<FloatWindows> {
    let key = PlanShelf.Key(kind: .floats(joinsRows: joinsRows), shape: shape)
    return try plans.plan(for: key, bytes: shape.planBytes(joinsRows: joinsRows)) {
      try FloatWindows(shape, joinsRows: joinsRows)
    }
  }

  /// The same for means, with what they are divided by.
  func means(
    _ shape: ConvolutionShape, countsPadding: Bool, overhang: (down: Int, right: Int)
  ) throws -> HeldPlan<AveragePlan> {
    let key = PlanShelf.Key(
      kind: .means(countsPadding: countsPadding, down: overhang.down, right: overhang.right),
      shape: shape)
    return try plans.plan(for: key, bytes: 2 * shape.planBytes(joinsRows: false)) {
      try AveragePlan(shape, countsPadding: countsPadding, overhang: overhang)
    }
  }
}
