import Metrics
import RPC
import TestSupport
import Testing

@testable import Serving

@Suite struct InferenceServerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func server() throws -> InferenceServer {
    var configuration = ServerConfiguration(models: folder.path)
    configuration.loops = 1
    configuration.accounts.database = nil
    return try InferenceServer(configuration)
  }

  /// What is not served needs no access; a name that is misspelt would be an administrator's.
  @Test func everyMethodWithAnAccessOfItsOwnIsServed() throws {
    let served = Set(try server().server.paths)
    #expect(Set(Access.methods.keys).subtracting(served) == [])
  }

  /// One registry for all modules: a name taken twice would trap.
  @Test func allFiguresAreInOneRegistry() throws {
    let text = try server().metrics.exposition()
    for name in [
      "process_resident_memory_bytes", "rpc_server_connections", "apus_engine_busy_seconds_total",
    ] { #expect(text.contains("\n\(name) "), "\(name) is missing in\n\(text)") }
  }
}
