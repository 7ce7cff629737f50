/// Why a store could not do it.
package struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// Not now: locked, full, out of reach. The same call may succeed later.
    case unavailable
    /// Not like this and not later: damaged, not ours, not writable.
    case unusable
  }

  package let kind: Kind
  /// What was wrong with what, and what to do: for the operator, not for clients.
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var description: String { message }
}
