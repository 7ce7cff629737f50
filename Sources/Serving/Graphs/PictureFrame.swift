internal import Images
internal import Inference
internal import Models

/// The input of a graph that takes pictures: how its four dimensions lie.
struct PictureFrame {
  let type: ONNXElementType
  let layout: PreprocessorSettings.Layout
  let channels: Int
  /// nil where any will do.
  let height, width: Int?

  /// nil unless both sides are fixed.
  var size: PixelSize? {
    guard let height, let width else { return nil }
    return PixelSize(width: width, height: height)
  }

  /// - Returns: nil for what is no picture.
  init?(_ port: GraphSignature.Port) {
    guard let shape = port.shape, shape.count == 4, let type = port.type,
      type.isFloat || type == .uint8
    else { return nil }
    self.type = type
    func size(_ axis: Int) -> Int? {
      if case .fixed(let size) = shape[axis] { size } else { nil }
    }
    if let channels = size(1), channels == 1 || channels == 3 {
      (layout, self.channels) = (.channelsFirst, channels)
      (height, width) = (size(2), size(3))
    } else if let channels = size(3), channels == 1 || channels == 3 {
      (layout, self.channels) = (.channelsLast, channels)
      (height, width) = (size(1), size(2))
    } else {
      return nil
    }
  }

  /// Settings that give what the graph takes: those that are given, or what is usual.
  ///
  /// - Returns: nil where nothing is given and the graph leaves the size open.
  func fitted(
    _ given: PreprocessorSettings?
  ) throws(ConfigurationError) -> PreprocessorSettings? {
    guard var settings = given ?? usual else { return nil }
    settings.layout = layout
    if channels == 1, settings.channels != .grey, settings.normalisation == nil {
      settings.channels = .grey
    }
    guard settings.channels.count == channels else {
      throw problem("\(settings.channels.count) channels", "\(channels)")
    }
    let made = settings.crop ?? settings.exactSize
    if let size, made != size {
      throw problem(made.map { "\($0) pixels" } ?? "any size", "\(size)")
    }
    return settings
  }

  private func problem(_ made: String, _ taken: String) -> ConfigurationError {
    ConfigurationError(
      file: "image", "pictures are prepared with \(made); the model takes \(taken)")
  }

  /// As models of ImageNet are evaluated: the shorter side to 256/224 of the input's, the middle
  /// cut out, colours by ImageNet's mean and deviation. What is no such input is filled with the
  /// whole picture; bytes stay bytes.
  private var usual: PreprocessorSettings? {
    guard let size else { return nil }
    let isImageNet = size.height == size.width && channels == 3 && type.isFloat
    var settings = PreprocessorSettings(resizing: .exact(size))
    if channels == 1 { settings.channels = .grey }
    if !type.isFloat { settings.scale = 1 }
    guard isImageNet else { return settings }
    settings.resizing = .shortestEdge((size.height * 256 + 112) / 224)
    settings.crop = size
    settings.normalisation = .imageNet
    return settings
  }
}

extension PreprocessorSettings {
  fileprivate var exactSize: PixelSize? {
    if case .exact(let size) = resizing { size } else { nil }
  }
}
