/// Why a token opens nothing. The reason is for logs and metrics; a client is told no more than
/// `publicMessage`, or it could try out which keys exist.
package struct KeyRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Reason: String, Sendable, CaseIterable {
    /// No key was sent.
    case missing
    /// Not the shape or the checksum of a token: a typing error, or another service's key.
    case malformed
    /// No key has this id.
    case unknown
    /// The id is a key's, the secret is not: an old one, or somebody guesses.
    case wrongSecret = "wrong_secret"
    case expired
    case revoked
  }

  package let reason: Reason
  /// Whose token it claims to be; nil where it names none. Never the secret.
  package let keyID: KeyID?

  package init(_ reason: Reason, keyID: KeyID? = nil) {
    self.reason = reason
    self.keyID = keyID
  }

  /// Whether the store may know better by now: the key has just been made, or given a new secret.
  package var mayBeOutdated: Bool { reason == .unknown || reason == .wrongSecret }

  /// For the client: UNAUTHENTICATED or 401.
  package var publicMessage: String {
    reason == .missing
      ? "an API key is needed: send it as Authorization: Bearer or x-api-key"
      : "invalid API key"
  }

  package var description: String {
    keyID.map { "\(reason.rawValue) key \($0)" } ?? "\(reason.rawValue) key"
  }
}
