internal import Bytes
internal import Compute
internal import Images
internal import Inference
internal import Models

/// The whole way from a file and a folder of samples to another file.
package struct QuantizationJob {
  package var model: String
  package var samples: String
  package var output: String
  /// Most samples to compute.
  package var count: Int
  package var isSigned: Bool
  package var threads: Int

  package init(
    model: String, samples: String, output: String, count: Int = 100, isSigned: Bool = false,
    threads: Int = 1
  ) {
    self.model = model
    self.samples = samples
    self.output = output
    self.count = count
    self.isSigned = isSigned
    self.threads = threads
  }

  /// What became of it.
  package struct Outcome: Sendable {
    package let layers: Int
    package let values: Int
    package let samples: Int
    package let bytesBefore: Int
    package let bytesAfter: Int
    /// Between the answers of both models, the worst of some samples.
    package let cosine: Double
  }

  /// Samples on which the two models are compared at the end.
  private static let compared = 8

  /// - Parameter progress: is told what is being done, several times a second at most.
  package func run(_ progress: (String) -> Void) throws -> Outcome {
    // Said before anything is computed.
    guard Folder.exists(Self.folder(of: output)) else {
      throw QuantizationError(
        "\(output) cannot be written: there is no folder \(Self.folder(of: output))")
    }
    let source: ONNXModel
    do throws(ONNXError) {
      source = try ONNXModel(path: model, support: OperatorRegistry.standard)
    } catch { throw QuantizationError("\(error)") }
    let context = GraphContext(
      budget: MemoryBudget(), processor: try Processor(threads: threads))
    let settings = Self.folder(of: model) + "/preprocessor_config.json"
    let folder = try CalibrationFolder(
      path: samples, of: source, preprocessor: try ImagePreprocessor(file: settings), count: count,
      context.budget)
    do {
      var quantizer = try Quantizer(source, context)
      for (index, sample) in folder.samples.enumerated() {
        progress("calibrating: \(index) of \(folder.samples.count) samples")
        do {
          try quantizer.add(folder.values(sample))
        } catch let error as QuantizationError {
          throw error
        } catch { throw QuantizationError("\(sample): \(error)") }
      }
      progress("writing")
      let made = try quantizer.quantized(isSigned: isSigned)
      let bytes = try made.encoded()
      let cosine = try compare(source, bytes, folder, context, progress)
      try WholeFile.write(bytes, to: output)
      return Outcome(
        layers: quantizer.layerCount, values: quantizer.valueCount, samples: quantizer.sampleCount,
        bytesBefore: source.graph.initializers.reduce(0) { $0 + $1.data.count },
        bytesAfter: bytes.count, cosine: cosine)
    } catch let error as GraphError {
      throw QuantizationError("\(model): \(error)")
    } catch let error as ModelError {
      throw QuantizationError("\(error)")
    } catch let error as FileError { throw QuantizationError("\(error)") }
  }

  /// Reads what is to be written as a server would, and compares its answers.
  private func compare(
    _ source: ONNXModel, _ bytes: [UInt8], _ folder: CalibrationFolder, _ context: GraphContext,
    _ progress: (String) -> Void
  ) throws -> Double {
    let made = try ONNXModel(
      MappedFile(contents: bytes, name: output), support: OperatorRegistry.standard)
    var comparison = try OutputComparison(source, made, context)
    let taken = min(Self.compared, folder.samples.count)
    for index in 0..<taken {
      progress("comparing: \(index) of \(taken) samples")
      try comparison.add(folder.values(folder.samples[index * folder.samples.count / taken]))
    }
    return comparison.worst
  }

  /// Of a file's path.
  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }
}
