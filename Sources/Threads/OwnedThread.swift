internal import Synchronization

/// A thread that its owner starts once and waits for at its own end, however often that is asked.
package final class OwnedThread: Sendable {
  private let running = Mutex<SystemThread?>(nil)

  package init() {}

  /// - Parameter name: as `top -H` and debuggers show it; the system keeps 15 bytes.
  package func start(_ name: String, _ run: @escaping @Sendable () -> Void) throws(ThreadError) {
    let thread = try SystemThread(name, run)
    running.withLock { $0 = thread }
  }

  /// Waits for its end, the first time; whoever comes later, or before `start`, goes on at once.
  ///
  /// On the thread itself it waits for nothing: the owner's last reference went away there.
  package func join() {
    guard let thread = running.withLock({ $0.take() }) else { return }
    if thread.isCurrent { thread.detach() } else { thread.join() }
  }
}
