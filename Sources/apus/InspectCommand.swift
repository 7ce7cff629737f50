internal import Serving

extension Command {
  static let inspect = Command(
    name: "inspect", summary: "Tells what an ONNX model takes, gives and lacks; asks no server.",
    positionals: "MODEL", arity: 1...1, options: []
  ) { arguments in
    let inspection = try ModelInspection(path: arguments.positionals[0])
    for line in inspection.lines { try StandardOutput.line(line) }
    guard inspection.problems.isEmpty else {
      for problem in inspection.problems { try StandardOutput.line("missing    \(problem)") }
      let count = inspection.problems.count
      throw Outcome(
        code: ExitCode.callFailed,
        description: count == 1
          ? "1 problem: it cannot be served"
          : "\(count) problems: it cannot be served")
    }
  }
}
