import Glibc

/// `tools/bench` runs this; benchmarks are one file each.
func runBench(_ arguments: [String]) -> Int32 {
  let commands = [
    Gemm.command, Layers.command, Convolutions.command, Encoder.command, Graph.command,
    Llm.command, ImagePreparation.command, PictureParts.command,
  ]
  guard let name = arguments.first, let command = commands.first(where: { $0.name == name }) else {
    print("usage: tools/bench <benchmark> [options]\n")
    for command in commands { print("  \(command.name)  \(command.summary)") }
    return arguments.first == nil || arguments.first == "--help" ? 0 : 64
  }
  do {
    var report = Report(benchmark: command.name)
    let options = try Options(Array(arguments.dropFirst()))
    try command.run(options, &report)
    if let root = options["root"] { print("\nwritten to \(try report.write(root: root))") }
    return 0
  } catch {
    print("bench: \(error)")
    return 1
  }
}

exit(runBench(Array(CommandLine.arguments.dropFirst())))
