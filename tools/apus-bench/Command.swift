import Glibc

/// One benchmark: `apus-bench <name> [options]`.
struct Command: Sendable {
  let name: String
  let summary: String
  let run: @Sendable (Options, inout Report) throws -> Void
}

/// `--name value` pairs of the command line.
struct Options {
  private let values: [String: String]

  init(_ arguments: [String]) throws(BenchError) {
    var values: [String: String] = [:]
    var index = 0
    while index < arguments.count {
      guard arguments[index].hasPrefix("--"), index + 1 < arguments.count else {
        throw BenchError("'\(arguments[index])' is no '--name value' pair")
      }
      values[String(arguments[index].dropFirst(2))] = arguments[index + 1]
      index += 2
    }
    self.values = values
  }

  subscript(name: String) -> String? { values[name] }

  /// Comma-separated numbers.
  func integers(_ name: String, default fallback: [Int]) throws(BenchError) -> [Int] {
    guard let text = values[name] else { return fallback }
    let numbers = text.split(separator: ",").map { Int($0) }
    let found = numbers.compactMap(\.self)
    guard found.count == numbers.count, found.allSatisfy({ $0 > 0 }) else {
      throw BenchError("--\(name) takes positive numbers separated by commas, not '\(text)'")
    }
    return found
  }
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Cores of this machine that the process may use.
func coreCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

/// Seconds on a clock that never jumps; of CPU time where APUS_BENCH_CLOCK is "cpu", which is fair
/// to one thread on a machine that does other things too (and not to more threads: waiting counts).
func seconds() -> Double {
  var time = timespec()
  unsafe clock_gettime(benchClock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

private let benchClock: clockid_t = {
  guard let name = unsafe getenv("APUS_BENCH_CLOCK"), unsafe String(cString: name) == "cpu" else {
    return CLOCK_MONOTONIC
  }
  return CLOCK_PROCESS_CPUTIME_ID
}()

/// The shortest time of one call: short rounds, of which some escape what else the machine does.
func bestTime(rounds: Int = 60, round: Double = 0.001, _ body: () -> Void) -> Double {
  body()
  var begin = seconds()
  var calls = 1
  for _ in 0..<3 { body() }
  calls = max(1, Int(round / max(1e-9, (seconds() - begin) / 3)))
  var best = Double.infinity
  for _ in 0..<rounds {
    begin = seconds()
    for _ in 0..<calls { body() }
    best = min(best, (seconds() - begin) / Double(calls))
  }
  return best
}
