internal import Crypto
package import Time

/// Makes, lists, revokes and rotates keys.
package struct KeyAdministration: Sendable {
  /// Keys that a store may hold, the revoked included: each is in every server's memory.
  package static let keyBound = 100_000

  private let store: any Store
  private let directory: KeyDirectory?

  /// - Parameter directory: this process's own, which then knows each change at once; others see
  ///   it with their next refresh.
  package init(store: any Store, directory: KeyDirectory? = nil) {
    self.store = store
    self.directory = directory
  }

  /// - Throws: `KeyRequestError`, `StoreError` or `SecureRandomError`.
  package func create(_ request: KeyRequest, at now: UnixTime) throws -> IssuedKey {
    try request.validate()
    let count = try store.keys().keys.count
    guard count < Self.keyBound else {
      throw KeyRequestError("keys", "there are \(count), and no more are allowed")
    }
    while true {
      guard let id = KeyID(try SecureRandom.base62(KeyID.length)) else { continue }
      let (token, digest) = try KeyToken.make(for: id)
      let key = StoredKey(
        id: id, secrets: KeySecrets(current: digest),
        owner: request.owner, email: request.email, created: now,
        expires: request.lifetime.map { now.advanced(by: $0) }, revoked: nil,
        isAdmin: request.isAdmin, models: request.models, limits: request.limits)
      // One in a billion that the id is taken: then another is free.
      guard try store.insert(key) else { continue }
      try directory?.refresh(from: store)
      return IssuedKey(key: key, token: token)
    }
  }

  /// All keys, the revoked and expired included, oldest first.
  package func list() throws(StoreError) -> [StoredKey] { try store.keys().keys }

  /// Ends a key; calls that have begun are let run.
  ///
  /// - Returns: the key; nil if there is none with that id.
  package func revoke(_ id: KeyID, at now: UnixTime) throws(StoreError) -> StoredKey? {
    let key = try store.revoke(id, at: now)
    try directory?.refresh(from: store)
    return key
  }

  /// Gives a key a new secret; everything else about it stays.
  ///
  /// - Parameter overlap: how long the secret it had still works, so that clients can change over.
  /// - Returns: the key and its new token; nil if there is no key with that id or it is revoked.
  /// - Throws: `StoreError` or `SecureRandomError`.
  package func rotate(
    _ id: KeyID, overlap: Duration = .seconds(3600), at now: UnixTime
  ) throws -> IssuedKey? {
    let (token, digest) = try KeyToken.make(for: id)
    let key = try store.rotate(id, to: digest, keepingPreviousUntil: now.advanced(by: overlap))
    try directory?.refresh(from: store)
    return key.map { IssuedKey(key: $0, token: token) }
  }
}
