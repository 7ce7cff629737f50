/// The meters of one key: its own, and those of the models that it has limits for.
final class KeyMeter {
  /// Models that are counted by themselves; those beyond share one count and so are refused
  /// earlier. Only a limit on each model, whatever its name, can come to so many.
  static let modelBound = 256

  let keyID: KeyID
  let whole: Meter
  /// Whether the limiter has it on its list of keys with unsaved months.
  var isListed = false
  private var models: [String: Meter] = [:]
  private var plan: LimitPlan
  /// The latest time that it was told: threads may come a little out of order.
  private var latest: UInt64 = 0
  /// This month's use of models that have no meter at present.
  private var resting: [String: QuotaUse]
  /// Unsaved changes of past months and of meters that are gone.
  private var leftover: [QuotaUse] = []

  /// - Parameter saved: what the store knows of the key, by model.
  init(_ keyID: KeyID, plan: LimitPlan, saved: [String: QuotaUse], month: CalendarMonth) {
    self.keyID = keyID
    self.plan = plan
    resting = saved
    whole = Meter(
      plan.whole, model: "", month: MonthMeter(month, since: resting.removeValue(forKey: "")))
  }

  /// Lets the time pass for the key, and for one model if it has limits for that.
  ///
  /// - Returns: the time as this key counts it, which never goes back.
  func advance(to now: Moment, model name: String, plan: LimitPlan) -> (now: Moment, model: Meter?) {
    if plan !== self.plan { adopt(plan) }
    let now = clamped(now)
    advance(whole, to: now)
    guard !name.isEmpty, let model = meter(ofModel: name, at: now) else { return (now, nil) }
    advance(model, to: now)
    return (now, model)
  }

  /// The same for the end of a call.
  func advance(to now: Moment, charge: AdmissionCharge) -> (now: Moment, model: Meter?) {
    let now = clamped(now)
    advance(whole, to: now)
    guard let model = models[charge.model] else { return (now, nil) }
    advance(model, to: now)
    return (now, model)
  }

  /// Whether nothing but months is in it, and those are saved.
  func isIdle(at now: Moment) -> Bool {
    guard !isListed else { return false }
    let now = clamped(now)
    advance(whole, to: now)
    return whole.isIdle
      && models.values.allSatisfy { model in
        advance(model, to: now)
        return model.isIdle
      }
  }

  /// This month's use, by model: all that has to stay of an idle key.
  func rest() -> [String: QuotaUse] {
    for model in models.values { retire(model) }
    resting[""] = whole.month.use(of: keyID, model: "")
    return resting.filter { $0.value.requests != 0 || $0.value.tokens != 0 }
  }

  /// The months' changes since the last call.
  func takeChanges() -> [QuotaUse] {
    var changes = leftover
    leftover = []
    for meter in [whole] + models.values {
      let unsaved = meter.takeUnsaved()
      if !unsaved.isSaved { changes.append(unsaved.change(of: keyID, model: meter.model)) }
    }
    return changes
  }

  private func clamped(_ now: Moment) -> Moment {
    latest = max(latest, now.monotonic)
    return Moment(monotonic: latest, wall: now.wall)
  }

  private func advance(_ meter: Meter, to now: Moment) {
    if let past = meter.advance(to: now) {
      leftover.append(past.change(of: keyID, model: meter.model))
    }
  }

  /// Takes over changed limits.
  private func adopt(_ plan: LimitPlan) {
    self.plan = plan
    whole.adopt(plan.whole)
    for (name, meter) in models {
      if let limits = plan.limits(ofModel: name) { meter.adopt(limits) } else { retire(meter) }
    }
  }

  private func meter(ofModel name: String, at now: Moment) -> Meter? {
    if let meter = models[name] { return meter }
    guard let limits = plan.limits(ofModel: name) else { return nil }
    if models.count >= Self.modelBound, plan.models[name] == nil {
      for meter in models.values {
        advance(meter, to: now)
        if meter.isIdle { retire(meter) }
      }
      if models.count >= Self.modelBound, name != LimitPlan.eachModel {
        return meter(ofModel: LimitPlan.eachModel, at: now, limits)
      }
    }
    return meter(ofModel: name, at: now, limits)
  }

  private func meter(ofModel name: String, at now: Moment, _ limits: Limits) -> Meter {
    if let meter = models[name] { return meter }
    let month = MonthMeter(now.wall.month, since: resting.removeValue(forKey: name))
    let meter = Meter(limits, model: name, month: month)
    models[name] = meter
    return meter
  }

  /// Ends a model's meter but keeps its month.
  private func retire(_ meter: Meter) {
    let unsaved = meter.takeUnsaved()
    if !unsaved.isSaved { leftover.append(unsaved.change(of: keyID, model: meter.model)) }
    resting[meter.model] = unsaved.use(of: keyID, model: meter.model)
    models[meter.model] = nil
  }
}
