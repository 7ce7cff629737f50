import Foundation

/// Runs what blocks on a thread of its own. Tests share a pool of as many threads as there are
/// cores: a test that blocks one while it waits for another task can stop all of them for ever.
package func offThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: body()) }
  }
}
