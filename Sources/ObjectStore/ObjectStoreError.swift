/// Why models could not be listed or fetched, and what to do about it.
package struct ObjectStoreError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// The settings cannot work.
    case settings
    /// The store was not reached, or broke off.
    case unreachable
    /// It does not allow this to these credentials, or does not know them.
    case denied
    /// No such bucket or object.
    case notFound
    /// It has no time, or trouble of its own.
    case busy
    /// The object is not the one that was listed any more.
    case changed
    /// What came is not what was promised.
    case damaged
    /// Something in the store cannot be served as it is.
    case unusable
    /// The files cannot be written here.
    case disk
    case cancelled
  }

  package let kind: Kind
  package let reason: String
  /// S3's own code, such as `AccessDenied`; empty where it has none.
  package let code: String

  package init(_ kind: Kind, _ reason: String, code: String = "") {
    self.kind = kind
    self.reason = reason
    self.code = code
  }

  /// Whether the same call may succeed later with nothing changed in between but the world.
  package var isTransient: Bool {
    switch kind {
    case .unreachable, .busy, .damaged: true
    default: false
    }
  }

  package var description: String { reason }
}
