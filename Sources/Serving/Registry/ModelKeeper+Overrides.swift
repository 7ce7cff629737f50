internal import Messages

// What apus.yaml says of models. Where it names labels of a model, it says all that the model has,
// whatever was set before or is remembered.

extension ModelKeeper.Shift {
  /// Settings come into force with the next look at the folder, labels at once.
  mutating func override(_ overrides: [String: ModelOverride]) {
    self.overrides = overrides
    unlabelled = Set(overrides.filter { $0.value.labels != nil }.keys)
    label()
  }

  /// Tries again for models whose labels could not be set yet: they or their versions may have
  /// come.
  mutating func label() {
    for name in unlabelled.sorted() {
      guard let wanted = overrides[name]?.labels else { continue }
      do throws(Status) {
        try label(name, wanted)
        unlabelled.remove(name)
      } catch {
        if isNews("\(name): \(error.message)") {
          log.warning(
            "labels cannot be set yet", ("model", .text(name)), ("problem", .text(error.message)))
        }
      }
    }
  }

  private mutating func label(
    _ name: String, _ wanted: [String: ModelRegistry.Label]
  ) throws(Status) {
    let model = try keeper.registry.model(name)
    let orders = LabelOrders.between(name, model.labels, wanted)
    if orders.isEmpty { return }
    // A version that one label leaves and another comes to stays in memory between the two.
    let numbers = Set(wanted.values.map(\.version))
    let pinned = model.versions.filter { numbers.contains($0.number) && !$0.isPinned }
    pin(pinned, of: name, true)
    defer {
      pin(pinned, of: name, false)
      bringAbout(name)
    }
    for order in orders {
      guard case .label(_, let label, let version, let share) = order else { continue }
      try setLabel(name, label, version, share)
      log.info(
        "labelled", ("model", .text(name)), ("label", .text(label)),
        ("version", version.map { .integer($0) } ?? .text("none")), ("share", .number(share)))
    }
  }

  private func pin(_ versions: [ModelRegistry.Version], of name: String, _ isPinned: Bool) {
    keeper.registry.change(name) { model in
      for version in versions { model.withVersion(version.number) { $0.isPinned = isPinned } }
    }
  }
}
