internal import Time

/// The meters of one key: its own, and those of the models that it has limits for.
struct KeyMeter {
  /// Models that are counted by themselves; those beyond share one count and so are refused
  /// earlier. Only a limit on each model, whatever its name, can come to so many.
  static let modelBound = 256

  /// What was decided, and how things stand after it.
  struct Verdict: Sendable {
    /// The limit in the way, and for how long; nil where the call was charged.
    var obstacle: (limit: LimitReading, wait: Duration?)?
    var readings: [LimitReading]
    /// See `Decision.policy`.
    var policy = ""
    /// As this key counts it.
    var time: Moment
    /// The model meter that was charged; empty for none.
    var model: String
    /// Whether the limiter is to list the key as one with unsaved months.
    var mustList = false
  }

  let keyID: KeyID
  /// The first is the whole key's, the others are of models. In an array, as elements of one are
  /// worked on where they are, and those of a dictionary copied out and in.
  private var meters: [Meter]
  /// Where the models' are.
  private var places: [String: Int] = [:]
  private var plan: LimitPlan
  /// The latest time that it was told: threads may come a little out of order.
  private var latest: UInt64 = 0
  /// Whether the limiter has it on its list of keys with unsaved months.
  private var isListed = false
  /// This month's use of models that have no meter at present.
  private var resting: [String: QuotaUse]
  /// Unsaved changes of past months and of meters that are gone.
  private var leftover: [QuotaUse] = []

  /// - Parameter saved: what the store knows of the key, by model.
  init(_ keyID: KeyID, plan: LimitPlan, saved: [String: QuotaUse], month: CalendarMonth) {
    self.keyID = keyID
    self.plan = plan
    resting = saved
    let use = resting.removeValue(forKey: "")
    meters = [Meter(plan.whole, model: "", month: MonthMeter(month, since: use))]
  }

  mutating func admit(
    model name: String, tokens: Int, at now: Moment, plan: LimitPlan, scope: LimitScope
  ) -> Verdict {
    if plan !== self.plan { adopt(plan) }
    let now = advance(to: now)
    let takesPlace = !name.isEmpty
    let isOfModel = scope.contains(.model) && !name.isEmpty
    let place = isOfModel ? place(ofModel: name, at: now) : nil
    let isOfKey = scope.contains(.key)
    var fits = !isOfKey || meters[0].fits(tokens: tokens, takesPlace: takesPlace)
    if let place { fits = fits && meters[place].fits(tokens: tokens, takesPlace: true) }
    if fits {
      if isOfKey { meters[0].charge(tokens: tokens, takesPlace: takesPlace, at: now.monotonic) }
      if let place { meters[place].charge(tokens: tokens, takesPlace: true, at: now.monotonic) }
    }
    return verdict(
      fits: fits, scope: scope, place: place, tokens: tokens, takesPlace: takesPlace, at: now)
  }

  /// - Returns: whether the limiter is to list it.
  mutating func settle(_ charge: AdmissionCharge, change: Int, at now: Moment) -> Bool {
    let now = advance(to: now)
    if charge.scope.contains(.key) { meters[0].settle(charge, change: change, at: now) }
    if charge.scope.contains(.model), !charge.model.isEmpty, let place = places[charge.model] {
      advance(place, to: now)
      meters[place].settle(charge, change: change, at: now)
    }
    return list()
  }

  /// Whether nothing but months is in it, and those are saved.
  mutating func isIdle(at now: Moment) -> Bool {
    guard !isListed else { return false }
    let now = advance(to: now)
    for place in meters.indices { advance(place, to: now) }
    return meters.allSatisfy(\.isIdle)
  }

  /// This month's use, by model: all that has to stay of an idle key.
  mutating func rest() -> [String: QuotaUse] {
    for name in places.keys { retire(name) }
    resting[""] = meters[0].month.use(of: keyID, model: "")
    return resting.filter { $0.value.requests != 0 || $0.value.tokens != 0 }
  }

  /// The months' changes since the last call; the key is then not listed any more.
  mutating func takeChanges() -> [QuotaUse] {
    isListed = false
    for place in meters.indices { leaveChange(of: place) }
    defer { leftover = [] }
    return leftover
  }

  private mutating func list() -> Bool {
    defer { isListed = true }
    return !isListed
  }

  private mutating func verdict(
    fits: Bool, scope: LimitScope, place: Int?, tokens: Int, takesPlace: Bool, at now: Moment
  ) -> Verdict {
    var verdict = Verdict(readings: [], time: now, model: "")
    let modelLimits = place.map { meters[$0].limitCount } ?? 0
    verdict.readings.reserveCapacity(meters[0].limitCount + modelLimits)
    if scope.contains(.key) {
      meters[0].read(into: &verdict.readings, at: now)
      verdict.policy = meters[0].policy(verdict.readings[...])
    }
    if let place {
      let first = verdict.readings.count
      verdict.model = meters[place].model
      meters[place].read(into: &verdict.readings, at: now)
      let policy = meters[place].policy(verdict.readings[first...])
      verdict.policy += verdict.policy.isEmpty || policy.isEmpty ? policy : ", " + policy
    }
    if fits {
      verdict.mustList = list()
      return verdict
    }
    for reading in verdict.readings where takesPlace || reading.kind != .concurrent {
      let wait = meters[reading.isOfModel ? place ?? 0 : 0]
        .wait(for: reading.kind, tokens: tokens, at: now)
      // The longest wait counts, and none is longer than for ever.
      let isLonger =
        verdict.obstacle.map { longest in
          longest.wait.map { $0 < wait ?? .seconds(Int64.max) } ?? false
        } ?? true
      if isLonger { verdict.obstacle = (reading, wait) }
    }
    return verdict
  }

  /// Lets the time pass for the key as a whole.
  ///
  /// - Returns: the time as this key counts it, which never goes back.
  private mutating func advance(to now: Moment) -> Moment {
    latest = max(latest, now.monotonic)
    let now = Moment(monotonic: latest, wall: now.wall)
    advance(0, to: now)
    return now
  }

  private mutating func advance(_ place: Int, to now: Moment) {
    if let past = meters[place].advance(to: now) {
      leftover.append(past.change(of: keyID, model: meters[place].model))
    }
  }

  private mutating func leaveChange(of place: Int) {
    guard !meters[place].month.isSaved else { return }
    leftover.append(meters[place].month.change(of: keyID, model: meters[place].model))
    meters[place].markSaved()
  }

  /// Takes over changed limits.
  private mutating func adopt(_ plan: LimitPlan) {
    self.plan = plan
    meters[0].adopt(plan.whole)
    for name in places.keys {
      if let limits = plan.limits(ofModel: name), let place = places[name] {
        meters[place].adopt(limits)
      } else {
        retire(name)
      }
    }
  }

  /// Where a model's meter is, made if need be and up to date; nil if it has no limits.
  private mutating func place(ofModel name: String, at now: Moment) -> Int? {
    guard let limits = plan.limits(ofModel: name) else { return nil }
    if let place = places[name] {
      advance(place, to: now)
      return place
    }
    if places.count >= Self.modelBound && plan.models[name] == nil {
      // Places change while models retire.
      for name in places.keys {
        guard let place = places[name] else { continue }
        advance(place, to: now)
        if meters[place].isIdle { retire(name) }
      }
      if places.count >= Self.modelBound && name != LimitPlan.eachModel {
        return place(ofModel: LimitPlan.eachModel, at: now)
      }
    }
    let month = MonthMeter(now.wall.month, since: resting.removeValue(forKey: name))
    places[name] = meters.count
    meters.append(Meter(limits, model: name, month: month))
    return meters.count - 1
  }

  /// Ends a model's meter but keeps its month.
  private mutating func retire(_ name: String) {
    guard let place = places.removeValue(forKey: name) else { return }
    leaveChange(of: place)
    resting[name] = meters[place].month.use(of: keyID, model: name)
    // The last one takes its place.
    meters.swapAt(place, meters.count - 1)
    meters.removeLast()
    if place < meters.count { places[meters[place].model] = place }
  }
}
