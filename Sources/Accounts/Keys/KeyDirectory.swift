internal import Crypto
internal import Synchronization

/// Who holds which key, in memory: authentication without a trip to the database.
///
/// It answers from a snapshot of the store's keys. `refresh` makes a new one when the store's keys
/// have changed; a `KeyWatcher` calls it several times a second, and whoever changes a key itself
/// calls it at once. While the store is out of reach the last snapshot stays in force.
package final class KeyDirectory: Sendable {
  private let current: Mutex<KeySnapshot>

  /// Knows no keys until its first `refresh`.
  ///
  /// - Parameter defaults: the limits of keys without their own.
  package init(defaults: LimitPlan = LimitPlan()) {
    current = Mutex(KeySnapshot(keys: [], version: nil, defaults: defaults))
  }

  /// Tells whose token this is, in the same time whether its id is a key's or not.
  package func authenticate(
    _ token: Span<UInt8>, at time: UnixTime
  ) throws(KeyRefusal) -> Caller {
    try current.withLock { $0 }.authenticate(token, at: time)
  }

  package func authenticate(_ token: String, at time: UnixTime) throws(KeyRefusal) -> Caller {
    try authenticate(token.utf8.span, at: time)
  }

  /// Whose key this is, for work that its holder left to this process: no token is looked at, so
  /// that `id` must not come from outside.
  package func caller(of id: KeyID, at time: UnixTime) throws(KeyRefusal) -> Caller {
    try current.withLock { $0 }.caller(of: id, at: time)
  }

  /// Takes over the store's keys if they have changed since the last time.
  ///
  /// - Returns: whether there was anything new.
  @discardableResult
  package func refresh(from store: any Store) throws(StoreError) -> Bool {
    let known = current.withLock { $0.version }
    if try store.keysVersion() == known { return false }
    let (keys, version) = try store.keys()
    current.withLock { current in
      // Another thread may have been faster with something newer.
      if let newest = current.version, newest >= version { return }
      current = KeySnapshot(keys: keys, version: version, defaults: current.defaults)
    }
    return true
  }

  /// Changes the limits of all keys that have none of their own.
  package func setDefaults(_ defaults: LimitPlan) {
    current.withLock { current in
      guard current.defaults != defaults else { return }
      current = KeySnapshot(keys: current.keys, version: current.version, defaults: defaults)
    }
  }

  /// The limits of keys that have none of their own.
  package var defaults: LimitPlan { current.withLock { $0.defaults } }

  /// How many keys there are, the revoked and expired included.
  package var count: Int { current.withLock { $0.keys.count } }
}

/// The keys of one moment; never changed.
final class KeySnapshot: Sendable {
  private struct Entry {
    let caller: Caller?
    let current: Digest256
    let previous: Digest256
    let previousUntil: UnixTime
    let expires: UnixTime
    let isRevoked: Bool
  }

  let keys: [StoredKey]
  /// The store's; nil before the first reading.
  let version: Int64?
  let defaults: LimitPlan
  /// The first is nobody's: what ids that no key has are compared with.
  private let entries: [Entry]
  private let places: [KeyID: Int]

  private static let never = UnixTime(microseconds: .max)

  init(keys: [StoredKey], version: Int64?, defaults: LimitPlan) {
    self.keys = keys
    self.version = version
    self.defaults = defaults
    let nobody = Entry(
      caller: nil, current: Digest256(), previous: Digest256(), previousUntil: Self.never,
      expires: Self.never, isRevoked: false)
    entries = [nobody] + keys.map { Self.entry($0, defaults) }
    places = Dictionary(
      zip(keys.map(\.id), 1...), uniquingKeysWith: { first, _ in first })
  }

  func authenticate(_ token: Span<UInt8>, at time: UnixTime) throws(KeyRefusal) -> Caller {
    guard let (id, digest) = KeyToken.outline(token) else { throw KeyRefusal(.malformed) }
    let place = places[id] ?? 0
    // Both are always compared, so that the time does not tell whether a key is being rotated.
    let isCurrent = entries[place].current == digest
    let isPrevious = entries[place].previous == digest
    guard isCurrent || isPrevious, let caller = entries[place].caller else {
      guard KeyToken.isWellFormed(token) else { throw KeyRefusal(.malformed) }
      throw KeyRefusal(place == 0 ? .unknown : .wrongSecret, keyID: id)
    }
    try checkInForce(place, id, at: time)
    if !isCurrent && time >= entries[place].previousUntil {
      throw KeyRefusal(.wrongSecret, keyID: id)
    }
    return caller
  }

  func caller(of id: KeyID, at time: UnixTime) throws(KeyRefusal) -> Caller {
    guard let place = places[id], let caller = entries[place].caller else {
      throw KeyRefusal(.unknown, keyID: id)
    }
    try checkInForce(place, id, at: time)
    return caller
  }

  private func checkInForce(_ place: Int, _ id: KeyID, at time: UnixTime) throws(KeyRefusal) {
    if entries[place].isRevoked { throw KeyRefusal(.revoked, keyID: id) }
    if time >= entries[place].expires { throw KeyRefusal(.expired, keyID: id) }
  }

  private static func entry(_ key: StoredKey, _ defaults: LimitPlan) -> Entry {
    let caller = Caller(
      keyID: key.id, owner: key.owner, isAdmin: key.isAdmin, models: key.models,
      limits: key.limits ?? defaults)
    return Entry(
      caller: caller, current: key.secrets.current,
      previous: key.secrets.previous?.digest ?? Digest256(),
      previousUntil: key.secrets.previous?.until ?? never, expires: key.expires ?? never,
      isRevoked: key.revoked != nil)
  }
}
