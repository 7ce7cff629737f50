internal import Images
internal import Inference
internal import Messages
internal import Models

/// Pictures for a graph that takes them: decoded and prepared as in the model's training.
struct PictureReader: Sendable {
  let preparation: PicturePreparation
  private let preprocessor: ImagePreprocessor
  private let type: ONNXElementType
  private let limits: ImageLimits

  /// - Returns: nil for a graph that takes no pictures, or whose sizes nothing tells.
  /// - Throws: where what is said of pictures does not fit the graph.
  init?(
    _ signature: GraphSignature, _ files: GraphFiles, limits: ImageLimits
  ) throws(ConfigurationError) {
    guard signature.inputs.count == 1, let frame = PictureFrame(signature.inputs[0]) else {
      switch files.pictures {
      case nil, .timm: return nil
      case .settings, .processor:
        throw ConfigurationError(
          file: "",
          "it is said how pictures are prepared; the model does not take one tensor "
            + "[N, channels, height, width] or [N, height, width, channels] of 1 or 3 channels")
      }
    }
    guard let preparation = try PicturePreparation(frame, files.pictures) else { return nil }
    self.preparation = preparation
    preprocessor = try preparation.preprocessor()
    type = frame.type
    self.limits = limits
  }

  /// What the graph is given of a picture of no size in particular.
  var sampleShape: [Int] {
    shape(preprocessor.fixedSize ?? PixelSize(width: 224, height: 224))
  }

  /// What a picture says of itself, once it is known that it may be decoded.
  ///
  /// - Parameter field: what errors call the instance: `instances[0].image`.
  func header(_ image: ApusV1.Image, _ field: String) throws(Status) -> ImageHeader {
    guard !image.data.isEmpty else { throw Validation.invalid(field, "the picture is empty") }
    do throws(ImageError) {
      let header = try unsafe ImageHeader(image.data.span.bytes, mediaType: image.mediaType)
      try header.check(limits)
      return header
    } catch {
      throw Validation.invalid(field, error.reason)
    }
  }

  /// Takes milliseconds.
  ///
  /// - Parameters:
  ///   - header: the picture's own.
  ///   - field: what errors call the instance: `instances[0].image`.
  func inputs(
    _ image: ApusV1.Image, _ header: ImageHeader, _ field: String, _ budget: MemoryBudget
  ) throws(Status) -> GraphBackend.Input {
    do {
      let size = try preprocessor.outputSize(for: header.uprightSize, limits: limits)
      let floats = try GraphTensor.filled(.float, shape(size), of: Float.self, budget) { span in
        try unsafe preprocessor.prepare(
          image.data.span.bytes, header, limits: limits, into: &span)
      }
      return GraphBackend.Input([try floats.converted(to: type, budget)])
    } catch let error as ImageError {
      guard error.code == .outOfMemory else { throw Validation.invalid(field, error.reason) }
      throw Status(.resourceExhausted, "\(field): \(error.reason)")
    } catch {
      throw Status(ofInput: error, field)
    }
  }

  private func shape(_ size: PixelSize) -> [Int] {
    let channels = preprocessor.channels
    return preprocessor.settings.layout == .channelsFirst
      ? [1, channels, size.height, size.width] : [1, size.height, size.width, channels]
  }
}

extension ApusV1.Image {
  fileprivate var mediaType: String? { contentType.isEmpty ? nil : contentType }
}
