package import Crypto
package import Time

/// Where keys and usage are kept.
///
/// Calls block for as long as a disk or a network takes, up to the store's own patience: they
/// belong on a thread of their own (`StoreThread`, `UsageLedger`, `KeyWatcher`), never on a loop.
/// Whatever throws has changed nothing.
package protocol Store: Sendable {
  // MARK: Keys

  /// A number that changes with every change of a key, whoever made it. Cheap: it is polled.
  func keysVersion() throws(StoreError) -> Int64

  /// All keys, the revoked and expired among them, in the order of their making; and the version
  /// that this is.
  func keys() throws(StoreError) -> (keys: [StoredKey], version: Int64)

  /// Adds a key.
  ///
  /// - Returns: false if there is one with its id; then nothing has changed.
  func insert(_ key: StoredKey) throws(StoreError) -> Bool

  /// Notes that a key is revoked; the first time stands.
  ///
  /// - Returns: the key as it is now; nil if there is none with that id.
  func revoke(_ id: KeyID, at time: UnixTime) throws(StoreError) -> StoredKey?

  /// Makes `digest` the key's secret and keeps the one it had until `until`. One that was kept
  /// already goes.
  ///
  /// - Returns: the key as it is now; nil if there is none with that id.
  func rotate(
    _ id: KeyID, to digest: Digest256, keepingPreviousUntil until: UnixTime
  ) throws(StoreError) -> StoredKey?

  // MARK: Usage

  /// What every key has used in a month.
  func quotas(of month: CalendarMonth) throws(StoreError) -> [QuotaUse]

  /// How far a journal has been written; nil for one that the store does not know.
  func usagePosition(ofJournal identity: UInt64) throws(StoreError) -> UInt64?

  /// Writes everything in a batch, or nothing; quotas are added to what is there.
  func write(_ batch: UsageBatch) throws(StoreError)

  func report(_ query: UsageQuery) throws(StoreError) -> UsageReport

  /// Forgets what is older than a retention says, at most `limit` rows of it, oldest first.
  ///
  /// - Returns: how many rows went; fewer than `limit` when nothing is left to forget.
  func forget(_ retention: UsageRetention, now: UnixTime, limit: Int) throws(StoreError) -> Int

  /// Housekeeping that must not hold up a writer, such as copying a log into its file.
  func maintain() throws(StoreError)
}
