import Accounts
import Messages
import TestSupport
import Testing

@testable import Serving

@Suite struct LabelOrdersTests {
  private typealias Labels = [String: ModelRegistry.Label]

  private func labels(_ generator: inout SeededGenerator) -> Labels {
    var left = 100
    var labels: Labels = [:]
    for name in ["a", "b", "c", "d"] where Bool.random(using: &generator) {
      let share = Int.random(in: 0...left, using: &generator)
      left -= share
      labels[name] = .init(
        version: Int.random(in: 1...3, using: &generator), share: Double(share) / 100)
    }
    return labels
  }

  /// Each order is carried out as the keeper does, which refuses shares of more than all calls.
  @Test func everyStepIsAllowedAndTheLastIsWhatWasWanted() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<5_000 {
      var present = labels(&generator)
      let wanted = labels(&generator)
      let orders = LabelOrders.between("m", present, wanted)
      for order in orders {
        guard case .label("m", let label, let version, let share) = order else {
          Issue.record("another order")
          return
        }
        present[label] = version.map { .init(version: $0, share: share) }
        let shares = present.values.map(\.share).reduce(0, +)
        #expect(shares <= ModelRegistry.Label.shareBound)
      }
      #expect(present == wanted)
      #expect(LabelOrders.between("m", present, wanted).isEmpty)
    }
  }

  @Test func sharesAreToldWithoutWhatAddingThemLeftBehind() {
    var wishes = ModelWishes()
    wishes.labels = ["a": .init(version: 1, share: 0.1), "b": .init(version: 1, share: 0.2)]
    let model = ModelRegistry.Model(
      name: "m", settings: ModelSettings(), versions: [], problem: nil, wishes: wishes)
    do throws(Status) {
      try model.checkRoom(for: "c", share: 0.8)
      Issue.record("more than all calls")
    } catch {
      #expect(
        error.message == "share: the other labels of m take 0.3 of the calls; 0.7 are left")
    }
  }
}
