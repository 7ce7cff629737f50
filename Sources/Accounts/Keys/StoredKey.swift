package import Crypto
package import Time

/// A key as it is kept: everything but the secret.
package struct StoredKey: Sendable, Equatable {
  package let id: KeyID
  package var secrets: KeySecrets
  package var owner: String
  package var email: String
  package var created: UnixTime
  /// When it stops working by itself; nil for never.
  package var expires: UnixTime?
  /// When it was revoked; nil while it stands.
  package var revoked: UnixTime?
  package var isAdmin: Bool
  package var models: ModelScope
  /// Its own limits; nil for the server's defaults, whatever they are at the time.
  package var limits: LimitPlan?
}

/// The digests of the secrets that open a key: one, or two while it is being rotated.
package struct KeySecrets: Sendable, Equatable {
  package var current: Digest256
  /// The one before, and until when it works.
  package var previous: (digest: Digest256, until: UnixTime)?

  package init(current: Digest256, previous: (digest: Digest256, until: UnixTime)? = nil) {
    self.current = current
    self.previous = previous
  }

  package static func == (left: KeySecrets, right: KeySecrets) -> Bool {
    left.current == right.current && left.previous?.digest == right.previous?.digest
      && left.previous?.until == right.previous?.until
  }
}

/// A key and its token: the only time that anybody sees the token.
package struct IssuedKey: Sendable {
  package let key: StoredKey
  package let token: String
}
