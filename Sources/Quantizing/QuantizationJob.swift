internal import Bytes
internal import Compute
package import Images
internal import Inference
package import Models

/// The whole way from a file and a folder of samples to another file.
package struct QuantizationJob {
  /// A file, or the folder of a version or a model.
  package var model: String
  package var samples: String
  /// A name that ends in .onnx, or a folder to serve, which is made if it is missing; nil for a
  /// file beside the model's.
  package var output: String?
  /// Most samples to compute.
  package var count: Int
  package var isSigned: Bool
  package var threads: Int
  /// How samples that are pictures are prepared for a model, by the folders where what describes it
  /// may be, the nearest first; nil where nothing tells. Whoever serves models knows.
  package typealias Preparation = (ONNXModel, [String]) throws -> ImagePreprocessor?
  package var preprocessor: Preparation
  /// What beside a model has to come along for it to be served, by the folder of its version.
  package typealias Companions = (String) throws -> [String]
  package var companions: Companions

  package init(
    model: String, samples: String, output: String? = nil, count: Int = 100, isSigned: Bool = false,
    threads: Int = 1, companions: @escaping Companions, preprocessor: @escaping Preparation
  ) {
    self.companions = companions
    self.preprocessor = preprocessor
    self.model = model
    self.samples = samples
    self.output = output
    self.count = count
    self.isSigned = isSigned
    self.threads = threads
  }

  /// What became of it.
  package struct Outcome: Sendable {
    /// The file that was written.
    package let path: String
    /// Names of those that were copied beside it.
    package let copied: [String]
    package let layers: Int
    package let values: Int
    package let samples: Int
    package let bytesBefore: Int
    package let bytesAfter: Int
    /// Between the answers of both models, the worst of some samples; nil where none are floats.
    package let cosine: Double?
    /// How many of the answers that are no floats are the same; nil where there are none.
    package let agreement: Double?
    /// Whether samples were pictures.
    package let hasPictures: Bool
  }

  /// Samples on which the two models are compared at the end.
  private static let compared = 8

  /// - Parameter progress: is told what is being done, several times a second at most.
  package func run(_ progress: (String) -> Void) throws -> Outcome {
    let place = try ModelPlace(model)
    if !place.others.isEmpty {
      progress("takes \(place.file), not \(place.others.joined(separator: ", "))")
    }
    // Said before anything is computed.
    var output = try place.output(output)
    if output.isFolder { output.companions = try place.companions(companions) }
    let source: ONNXModel
    do throws(ONNXError) {
      source = try ONNXModel(path: place.file, support: OperatorRegistry.standard)
    } catch { throw QuantizationError("\(error)") }
    let context = GraphContext(
      budget: MemoryBudget(), processor: try Processor(threads: threads))
    let folder = try CalibrationFolder(
      path: samples, of: source, preprocessor: try preprocessor(source, place.folders),
      count: count, context.budget)
    do {
      var quantizer = try Quantizer(source, context)
      for (index, sample) in folder.samples.enumerated() {
        progress("calibrating: \(index) of \(folder.samples.count) samples")
        let values = try folder.values(sample)
        do { try quantizer.add(values) } catch { throw QuantizationError("\(sample): \(error)") }
      }
      progress("writing")
      let bytes = try quantizer.quantized(isSigned: isSigned).encoded()
      let made = MappedFile(contents: bytes, name: output.file)
      let comparison = try compare(source, made, folder, context, progress)
      let copied = try output.write(bytes)
      return Outcome(
        path: output.file, copied: copied, layers: quantizer.layerCount,
        values: quantizer.valueCount, samples: quantizer.sampleCount,
        bytesBefore: source.graph.initializers.reduce(0) { $0 + $1.data.count },
        bytesAfter: bytes.count, cosine: comparison.cosine,
        agreement: comparison.agreement, hasPictures: folder.hasPictures)
    } catch let error as GraphError {
      throw QuantizationError("\(model): \(error)")
    } catch let error as ModelError {
      throw QuantizationError("\(error)")
    } catch let error as FileError { throw QuantizationError("\(error)") }
  }

  /// Reads what is to be written as a server would, and compares its answers.
  private func compare(
    _ source: ONNXModel, _ file: MappedFile, _ folder: CalibrationFolder, _ context: GraphContext,
    _ progress: (String) -> Void
  ) throws -> OutputComparison {
    let made = try ONNXModel(file, support: OperatorRegistry.standard)
    var comparison = try OutputComparison(source, made, context)
    let taken = min(Self.compared, folder.samples.count)
    for index in 0..<taken {
      progress("comparing: \(index) of \(taken) samples")
      try comparison.add(folder.values(folder.samples[index * folder.samples.count / taken]))
    }
    return comparison
  }
}
