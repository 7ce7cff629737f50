internal import CKernels

/// The threads and the instruction set that operators run on.
///
/// Operators are methods (multiply, norms, attention, …) in the extensions beside this file. Each
/// splits its work into parts, hands them to the threads within about a microsecond, works along,
/// and returns when all are done; so a graph is a sequence of plain calls. Results never depend on
/// the number of threads. One operator runs in parallel at a time: calls from a second thread, or
/// from inside a part, run on their caller alone.
///
/// `@unchecked Sendable`: both pointers are constant; the table is constant data, and the pool
/// behind the other is made for calls from any thread.
@safe
package final class Processor: @unchecked Sendable {
  let kernels: UnsafePointer<ck_kernels>
  private let pool: OpaquePointer

  package let tier: KernelTier
  /// Threads that share the work, the caller included.
  package let threads: Int

  /// Starts `threads − 1` threads, which end with this object.
  ///
  /// - Parameters:
  ///   - threads: 1...1024, the caller included.
  ///   - tier: nil for the process's tier (`APUS_CPU`, else the best).
  package init(threads: Int, tier: KernelTier? = nil) throws(ComputeError) {
    let chosen: KernelTier
    if let tier { chosen = tier } else { chosen = try KernelTier.selected() }
    guard let kernels = unsafe ck_kernels_of(chosen.selector) else {
      throw ComputeError("this machine cannot run the kernels of tier \(chosen.name)")
    }
    guard (1...1024).contains(threads) else {
      throw ComputeError("\(threads) compute threads asked for; 1 to 1024 are allowed")
    }
    guard let pool = unsafe ck_pool_create(threads) else {
      throw ComputeError("\(threads) compute threads could not be started; use fewer")
    }
    unsafe self.kernels = kernels
    unsafe self.pool = pool
    self.tier = chosen
    self.threads = threads
  }

  deinit { unsafe ck_pool_destroy(pool) }

  /// Runs `body(0) … body(parts − 1)`, each exactly once and in any order, on all threads; returns
  /// when all are done. `body` must bear concurrent calls for different parts.
  package func run(parts: Int, _ body: (Int) -> Void) {
    guard parts > 1, threads > 1 else {
      for part in 0..<max(0, parts) { body(part) }
      return
    }
    withoutActuallyEscaping(body) { escapable in
      var escapable = escapable
      unsafe withUnsafeMutablePointer(to: &escapable) { context in
        unsafe ck_pool_run(
          pool, parts,
          { context, part in
            guard let context = unsafe context else { return }
            unsafe context.assumingMemoryBound(to: ((Int) -> Void).self).pointee(part)
          }, context)
      }
    }
  }

  /// Runs `body` over consecutive ranges that cover `0..<count`, sized so that each is worth a
  /// part.
  ///
  /// - Parameter cost: work of one item in elements touched; small totals run on the caller.
  func run(count: Int, cost: Int, _ body: (Range<Int>) -> Void) {
    run(0..<count, cost: cost, body)
  }

  /// The same over a range that begins elsewhere.
  func run(_ range: Range<Int>, cost: Int, _ body: (Range<Int>) -> Void) {
    let (first, count) = (range.lowerBound, range.count)
    let worthwhile = 8192
    let parts = min(count, 4 * threads, count * max(1, cost) / worthwhile)
    guard parts > 1, threads > 1 else {
      if count > 0 { body(range) }
      return
    }
    run(parts: parts) { part in
      body(first + count * part / parts..<first + count * (part + 1) / parts)
    }
  }
}
