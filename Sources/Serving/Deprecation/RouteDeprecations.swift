internal import Accounts
internal import Messages
internal import REST
internal import Time

/// Tells the HTTP front of its routes that are to go. The front knows no keys: whose request it is
/// is found out here, for nothing but the count.
struct RouteDeprecations: RouteNotices {
  let deprecations: Deprecations
  let keys: KeyDirectory

  func notice(ofRoute name: String) -> DeprecationNotice? {
    deprecations.mark(ofRoute: name)?.notice
  }

  func called(_ route: String, _ metadata: Metadata) -> String? {
    guard let mark = deprecations.mark(ofRoute: route) else { return nil }
    return deprecations.count(mark, key: key(metadata))?.farewell
  }

  private func key(_ metadata: Metadata) -> String {
    let token = Credential.token(
      authorization: metadata["authorization"], apiKey: metadata["x-api-key"])
    guard let token, keys.count > 0 else { return "\(KeyID.anonymous)" }
    guard let caller = try? keys.authenticate(token, at: .now()) else {
      return RequestFamilies.unknown
    }
    return "\(caller.keyID)"
  }
}
