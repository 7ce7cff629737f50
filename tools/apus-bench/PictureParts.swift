import Bytes
import Compute
import Glibc
import Images
import Inference
import JSON
import Models

/// What a Predict with a picture computes, alone: `tools/bench picture` compares with it.
enum PictureParts {
  static let command = Command(
    name: "parts",
    summary: "a picture's parts in ms: --model FOLDER --picture FILE.jpg [--seconds 1]", run: run)

  static func run(_ options: Options, _ report: inout Report) throws {
    guard let folder = options["model"], let path = options["picture"] else {
      throw BenchError("--model FOLDER and --picture FILE.jpg are needed")
    }
    let seconds = Double(options["seconds"] ?? "1") ?? 1
    let file = try SmallFile.bytes(path, limit: 32 << 20)
    let settings = try SmallFile.bytes("\(folder)/preprocessor_config.json", limit: 1 << 20)
    let preprocessor = try unsafe ImagePreprocessor(
      PreprocessorSettings(JSONDocument(settings.span.bytes).root))
    guard let size = preprocessor.fixedSize else { throw BenchError("pictures of any size") }
    let processor = try Processor(threads: 1)
    let model = try ONNXModel(path: "\(folder)/model.onnx", support: OperatorRegistry.standard)
    let plan = try GraphPlan(model, fusions: FusionOptions(processor: processor))
    let budget = MemoryBudget()
    let context = GraphContext(budget: budget, processor: processor)
    var pixels = [Float](repeating: 0, count: 3 * size.width * size.height)
    let prepare = try callsPerSecond(seconds) {
      var span = pixels.mutableSpan
      try unsafe preprocessor.prepare(file.span.bytes, ImageHeader(file.span.bytes), into: &span)
    }
    let bytes = pixels.flatMap { unsafe withUnsafeBytes(of: $0.bitPattern, Array.init) }
    let image = try GraphTensor.make(.float, [1, 3, size.height, size.width], bytes: bytes, budget)
    let infer = try callsPerSecond(seconds) { _ = try plan.run([.tensor(image)], context) }
    // What each leaves of the other's data in the caches is part of the work.
    let inTurn = try callsPerSecond(seconds) {
      let tensor = try GraphTensor.filled(
        .float, [1, 3, size.height, size.width], of: Float.self, budget
      ) {
        try unsafe preprocessor.prepare(file.span.bytes, ImageHeader(file.span.bytes), into: &$0)
      }
      _ = try plan.run([.tensor(tensor)], context)
    }
    print(
      "prepare \(fixed(1000 / prepare, 3)) infer \(fixed(1000 / infer, 3)) "
        + "in turn \(fixed(1000 / inTurn, 3))")
  }
}
