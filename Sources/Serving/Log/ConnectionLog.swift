package import RPC

/// A line for connections that could not be taken in, which their clients cannot explain.
package struct ConnectionLog: ConnectionObserver {
  private let log: Log

  package init(log: Log) { self.log = log }

  package func connectionsRefused(_ refused: RefusedConnections) {
    log.warning(
      "connections refused", ("count", .integer(refused.count)), ("reason", .text(refused.reason)))
  }
}
