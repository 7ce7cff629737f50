internal import Accounts

/// How labels get from where they are to where apus.yaml wants them, one order after another. At no
/// time do they take more than all calls: what goes or shrinks comes first.
enum LabelOrders {
  typealias Labels = [String: ModelRegistry.Label]

  static func between(_ model: String, _ present: Labels, _ wanted: Labels) -> [ModelKeeper.Order] {
    let gone = present.keys.filter { wanted[$0] == nil }.sorted().map { label in
      ModelKeeper.Order.label(model, label: label, version: nil, share: 0)
    }
    func growth(_ label: String, _ share: Double) -> Double { share - (present[label]?.share ?? 0) }
    let changed = wanted.filter { present[$0.key] != $0.value }.sorted { one, other in
      let (first, second) = (growth(one.key, one.value.share), growth(other.key, other.value.share))
      return first == second ? one.key < other.key : first < second
    }
    return gone
      + changed.map { label, value in
        .label(model, label: label, version: value.version, share: value.share)
      }
  }
}
