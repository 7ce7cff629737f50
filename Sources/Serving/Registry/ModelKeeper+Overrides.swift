internal import Accounts
internal import Messages

// What apus.yaml says of models. Where it names labels of a model, it says all that the model has,
// whatever was set before or is remembered.

extension ModelKeeper.Shift {
  /// Settings come into force with the next look at the sources, labels at once.
  mutating func override(_ overrides: [String: ModelOverride]) {
    take(overrides)
    label()
  }

  mutating func take(_ overrides: [String: ModelOverride]) {
    self.overrides = overrides
    unlabelled = Set(overrides.filter { $0.value.labels != nil }.keys)
  }

  /// Tries again for models whose labels could not be set yet: they or their versions may have
  /// come.
  mutating func label() {
    for name in unlabelled.sorted() where labelling[name] == nil {
      guard let wanted = overrides[name]?.labels else { continue }
      guard let model = try? registry.model(name) else {
        tellUnlabelled(name, "it is not there")
        continue
      }
      // A version that one label leaves and another comes to stays in memory between the two.
      let kept = Set(wanted.values.map(\.version)).filter {
        model.version($0)?.state.phase == .ready
      }
      labelling[name] = kept
      registry.change(name) { $0.held.hold(kept) }
      labelNext(name)
    }
  }

  /// Has one label after another set, each when the one before answers.
  private mutating func labelNext(_ name: String) {
    guard let wanted = overrides[name]?.labels, let model = try? registry.model(name) else {
      return endLabelling(name)
    }
    let order = LabelOrders.between(name, model.labels, wanted).first
    guard case .label(_, let label, let version, let share) = order else {
      unlabelled.remove(name)
      return endLabelling(name)
    }
    do throws(Status) {
      try setLabel(name, label, version, share) { shift, outcome in
        switch outcome {
        case .success: shift.labelNext(name)
        case .failure(let status):
          shift.tellUnlabelled(name, status.message)
          shift.endLabelling(name)
        }
      }
    } catch {
      tellUnlabelled(name, error.message)
      endLabelling(name)
    }
  }

  private mutating func endLabelling(_ name: String) {
    guard let kept = labelling.removeValue(forKey: name) else { return }
    registry.change(name) { $0.held.release(kept) }
    bringAbout(name)
  }

  private mutating func tellUnlabelled(_ name: String, _ problem: String) {
    guard isNews("labels of \(name): \(problem)") else { return }
    log.warning("labels cannot be set yet", ("model", .text(name)), ("problem", .text(problem)))
  }
}
