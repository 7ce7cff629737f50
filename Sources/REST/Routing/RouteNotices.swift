package import Messages

/// Which routes are to go, as whoever runs the front says at the time. Routes are named as in
/// `Front.routeNames`.
package protocol RouteNotices: Sendable {
  /// What the route's answers tell; nil for one that stays.
  func notice(ofRoute name: String) -> DeprecationNotice?

  /// Hears of each request to a route that has a notice, before its body.
  ///
  /// - Parameter metadata: what its calls would carry.
  /// - Returns: why it is refused; nil while the route is still there.
  func called(_ route: String, _ metadata: Metadata) -> String?
}
