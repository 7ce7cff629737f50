internal import Accounts

/// Whose job a call of this process is made for: what stands in for a key's token, which the server
/// does not keep.
///
/// It is an object in the `attachment` of a call's context, put there by the `LocalTransport` that
/// `JobWork` makes. Nothing that comes in over a connection becomes one: the fronts begin their
/// calls without any attachment, and no metadata are looked at for it. It can only name the key
/// that `SubmitJob` was called with, as the database says.
final class JobOwner: Sendable {
  let keyID: KeyID

  init(_ keyID: KeyID) { self.keyID = keyID }
}
