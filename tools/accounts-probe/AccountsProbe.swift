internal import Accounts
import Glibc

/// Proves and measures what a unit test cannot: that a killed process loses no record, and
/// what the stages in front of every call cost.
@main
struct AccountsProbe {
  static func main() {
    var arguments = CommandLine.arguments.dropFirst()
    let command = arguments.popFirst()
    let values = Array(arguments)
    do {
      switch (command, values.count) {
      case ("kill", 1): exit(try Killer(folder: values[0], runs: 100).run() ? 0 : 1)
      case ("kill", 2):
        guard let runs = Int(values[1]), runs > 0 else { break }
        exit(try Killer(folder: values[0], runs: runs).run() ? 0 : 1)
      case ("measure", 2):
        guard let rounds = Int(values[1]), rounds >= 100 else { break }
        try Measurement(folder: values[0], rounds: rounds).run()
        exit(0)
      // The process that `kill` kills.
      case ("write", 3): try Victim(database: values[0], log: values[1], label: values[2]).run()
      case ("measure", 1):
        try Measurement(folder: values[0], rounds: 1_000_000).run()
        exit(0)
      default: break
      }
    } catch {
      print("accounts-probe: \(error)")
      exit(1)
    }
    print(
      """
      accounts-probe kill FOLDER [RUNS]        kills a process that writes, and looks
      accounts-probe measure FOLDER [ROUNDS]   times keys, limits, records and reports
      """)
    exit(2)
  }
}

/// Removes a database and its side files.
func removeDatabase(_ path: String) {
  for suffix in ["", "-wal", "-shm"] { unsafe unlink(path + suffix) }
}

/// What went wrong with the probe itself.
struct ProbeError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
