internal import Bytes
package import Images
package import Inference
package import Models

/// A folder of samples: pictures, .npy files, or folders with a .npy file for each input of the
/// model, by its name.
package struct CalibrationFolder {
  /// Paths of the samples, in the order of their names.
  package let samples: [String]
  /// Whether there are pictures among them.
  package let hasPictures: Bool
  private let inputs: [ONNXValueInfo]
  private let preprocessor: ImagePreprocessor?
  private let budget: MemoryBudget

  /// Most samples that are looked for: far more than ranges need.
  package static let limit = 10_000
  private static let pictures: Set = ["jpg", "jpeg", "png", "webp"]

  /// - Parameters:
  ///   - preprocessor: what pictures are prepared by.
  ///   - count: most samples to take, spread over the folder.
  package init(
    path: String, of model: ONNXModel, preprocessor: ImagePreprocessor?, count: Int,
    _ budget: MemoryBudget
  ) throws(QuantizationError) {
    guard let names = Folder.names(path, limit: Self.limit) else {
      throw QuantizationError("\(path) is no folder that can be read")
    }
    inputs = model.graph.inputs
    self.preprocessor = preprocessor
    self.budget = budget
    let found = names.map { "\(path)/\($0)" }.filter {
      let kind = Self.kind($0)
      return kind == "npy" || Self.pictures.contains(kind) || Folder.exists($0)
    }
    guard !found.isEmpty else {
      throw QuantizationError(
        "\(path) has no samples: put 32 to 100 pictures (.jpg, .png, .webp) or arrays (.npy) there "
          + "that are like those the model will get")
    }
    let taken = min(count, found.count)
    let samples = (0..<taken).map { found[$0 * found.count / taken] }
    hasPictures = samples.contains { Self.pictures.contains(Self.kind($0)) }
    self.samples = samples
  }

  private static func kind(_ path: String) -> String {
    path.split(separator: "/").last?.split(separator: ".").dropFirst().last?.lowercased() ?? ""
  }

  /// The model's inputs as a sample has them.
  package func values(_ sample: String) throws(QuantizationError) -> [GraphValue] {
    do {
      if Folder.exists(sample) {
        return try inputs.map { .tensor(try array("\(sample)/\($0.name).npy", for: $0)) }
      }
      guard let input = inputs.first, inputs.count == 1 else {
        throw QuantizationError(
          "the model has \(inputs.count) inputs; a sample is then a folder with a file for each: "
            + inputs.map { "\(ONNXProblem.shown($0.name)).npy" }.joined(separator: ", "))
      }
      let isArray = Self.kind(sample) == "npy"
      return [.tensor(try isArray ? array(sample, for: input) : picture(sample, for: input))]
    } catch let error as QuantizationError {
      throw error
    } catch { throw QuantizationError("\(sample): \(error)") }
  }

  /// An array as the input wants it: with a dimension for the batch, and of the input's type.
  private func array(_ path: String, for input: ONNXValueInfo) throws -> GraphTensor {
    let file = try NumPyFile(path: path)
    guard case .tensor(let type, let declared)? = input.type else {
      return try file.tensor(file.shape, budget)
    }
    let isSingle = declared.map { $0.count == file.shape.count + 1 } ?? false
    return try file.tensor(isSingle ? [1] + file.shape : file.shape, budget)
      .converted(to: type, budget)
  }

  private func picture(_ path: String, for input: ONNXValueInfo) throws -> GraphTensor {
    guard let preprocessor else {
      throw QuantizationError(
        "\(path) is a picture, and nothing beside the model says how to prepare it; write a "
          + "preprocessor_config.json there, or give arrays (.npy) that are prepared already")
    }
    let file = try MappedFile(path: path)
    let header = try ImageHeader(file.bytes)
    let size = try preprocessor.outputSize(for: header.uprightSize)
    var numbers = [Float](repeating: 0, count: size.count * preprocessor.channels)
    var span = numbers.mutableSpan
    try preprocessor.prepare(file.bytes, header, into: &span)
    let shape =
      preprocessor.settings.layout == .channelsFirst
      ? [1, preprocessor.channels, size.height, size.width]
      : [1, size.height, size.width, preprocessor.channels]
    let floats = try GraphTensor.make(.floats("", shape, numbers), budget)
    guard case .tensor(let type, _)? = input.type else { return floats }
    return try floats.converted(to: type, budget)
  }
}
