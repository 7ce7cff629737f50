internal import Bytes
package import JSON

extension PreprocessorSettings {
  /// From `pretrained_cfg` in timm's config.json: what its evaluation transforms do by the same
  /// configuration.
  ///
  /// - Parameter size: what the model takes where that is fixed; it goes before the file's, as an
  ///   image size given to timm does.
  package init(timm json: JSONValue, size: PixelSize?) throws(PreprocessorError) {
    let file = try TimmFile(json)
    let (taken, share) = try file.sizes(for: size)
    let scaled = PixelSize(
      width: Self.scaled(taken.width, share), height: Self.scaled(taken.height, share))
    let normalisation = try file.normalisation()
    self.init(
      channels: normalisation.mean.count == 1 ? .grey : .rgb, resizing: .exact(scaled),
      filter: try file.filter(), crop: taken, normalisation: normalisation)
    centring = .nearest
    switch try file.text("crop_mode") ?? "center" {
    case "squash": break
    case "center":
      guard scaled.width == scaled.height else {
        throw PreprocessorError("input_size", "is no square, which crop_mode center needs here")
      }
      resizing = .shortestEdge(scaled.width)
    case let mode:
      throw PreprocessorError(
        "crop_mode", "is \(TimmFile.shown(mode)); supported are center and squash")
    }
    try check()
  }

  private static func scaled(_ side: Int, _ share: Double) -> Int {
    Int((Double(side) / share).rounded(.down))
  }
}

/// The keys of a `pretrained_cfg` that say something of pictures; there are many others.
private struct TimmFile {
  private let root: JSONValue

  private static let filters: [String: ResizeFilter] = [
    "nearest": .nearest, "lanczos": .lanczos, "bilinear": .bilinear, "bicubic": .bicubic,
    "box": .box, "hamming": .hamming,
  ]

  init(_ root: JSONValue) throws(PreprocessorError) {
    guard root.kind == .object else {
      throw PreprocessorError("pretrained_cfg", "must be an object")
    }
    self.root = root
    if let border = member("crop_border_pixels"), border.integer != 0 {
      throw PreprocessorError("crop_border_pixels", "is not supported")
    }
  }

  /// What comes out, and how much of the picture's shorter side that is.
  func sizes(for size: PixelSize?) throws(PreprocessorError) -> (PixelSize, share: Double) {
    let usual = try self.size("input_size") ?? PixelSize(width: 224, height: 224)
    let taken = size ?? usual
    let test = try self.size("test_input_size")
    let isTest = taken != usual && taken == test
    let key = isTest && member("test_crop_pct") != nil ? "test_crop_pct" : "crop_pct"
    guard let value = member(key) else { return (taken, 0.875) }
    guard let share = value.number, share > 0.1, share <= 1 else {
      throw PreprocessorError(key, "must be a number above 0.1 and at most 1")
    }
    return (taken, share)
  }

  /// `[channels, height, width]`
  private func size(_ key: String) throws(PreprocessorError) -> PixelSize? {
    guard let value = member(key) else { return nil }
    let sides = value.elements?.compactMap(\.integer) ?? []
    guard sides.count == 3, value.count == 3,
      sides.dropFirst().allSatisfy({ PreprocessorSettings.sides ~= $0 })
    else {
      throw PreprocessorError(
        key,
        "must be [channels, height, width] with sides of 1 to "
          + "\(PreprocessorSettings.sides.upperBound)")
    }
    return PixelSize(width: sides[2], height: sides[1])
  }

  func filter() throws(PreprocessorError) -> ResizeFilter {
    guard let name = try text("interpolation") else { return .bicubic }
    guard let filter = Self.filters[name] else {
      let names = Self.filters.keys.sorted().joined(separator: ", ")
      throw PreprocessorError("interpolation", "is \(Self.shown(name)); supported are \(names)")
    }
    return filter
  }

  func normalisation() throws(PreprocessorError) -> PreprocessorSettings.Normalisation {
    let usual = PreprocessorSettings.Normalisation.imageNet
    let found = PreprocessorSettings.Normalisation(
      mean: try numbers("mean") ?? usual.mean, deviation: try numbers("std") ?? usual.deviation)
    guard found.mean.count == found.deviation.count else {
      throw PreprocessorError("std", "must have as many numbers as mean")
    }
    return found
  }

  private func numbers(_ key: String) throws(PreprocessorError) -> [Float]? {
    guard let value = member(key) else { return nil }
    var numbers: [Float] = []
    guard value.kind == .array, value.appendFloats(to: &numbers) == nil,
      numbers.count == 1 || numbers.count == 3
    else { throw PreprocessorError(key, "must be an array of 3 (colours) or 1 (grey)") }
    return numbers
  }

  func text(_ key: String) throws(PreprocessorError) -> String? {
    guard let value = member(key) else { return nil }
    guard let text = value.string else { throw PreprocessorError(key, "must be a string") }
    return text
  }

  static func shown(_ text: String) -> String {
    VisibleText.shortened(VisibleText.lines(text), bytes: 64)
  }

  private func member(_ key: String) -> JSONValue? {
    root[key].flatMap { $0.isNull ? nil : $0 }
  }
}
