/// The file descriptors without which a server could start but not serve.
struct DescriptorBudget: Sendable {
  /// Standard streams, signals, what the Swift runtime opens for itself, and files that are read
  /// while models load.
  private static let process = 16
  /// An epoll instance and an eventfd.
  private static let perLoop = 2
  /// A listening socket, its reserve, and the epoll instance of an HTTP daemon.
  private static let perListener = 3
  /// Connections that a server is good for at the very least.
  private static let connections = 16
  /// Below this clients that come in numbers are turned away.
  static let comfortable = 1_024

  /// Descriptors needed.
  let least: Int

  /// - Parameter fronts: addresses that every loop listens on.
  init(loops: Int, fronts: Int) {
    least =
      Self.process + loops * (Self.perLoop + fronts * Self.perListener) + Self.connections
  }

  /// - Parameter limit: what the process may have.
  func check(limit: Int) throws(DescriptorShortage) {
    guard limit >= least else { throw DescriptorShortage(limit: limit, least: least) }
  }
}

/// The process may have too few file descriptors to serve.
struct DescriptorShortage: Error, Equatable, CustomStringConvertible {
  let limit: Int
  let least: Int

  var description: String {
    "this process may have \(limit) file descriptors, and the server needs at least \(least): "
      + Self.advice
  }

  static let advice = "raise the limit where the server is started (ulimit -n)"
}
