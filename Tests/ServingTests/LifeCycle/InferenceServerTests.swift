import Metrics
import Testing

@testable import Serving

@Suite struct InferenceServerTests {
  /// One registry for all modules: a name taken twice would trap.
  @Test func allFiguresAreInOneRegistry() throws {
    var configuration = ServerConfiguration(models: "/nonexistent")
    configuration.loops = 1
    configuration.accounts.database = nil
    let text = try InferenceServer(configuration).metrics.exposition()
    for name in [
      "process_resident_memory_bytes", "rpc_server_connections", "apus_engine_busy_seconds_total",
    ] { #expect(text.contains("\n\(name) "), "\(name) is missing in\n\(text)") }
  }
}
