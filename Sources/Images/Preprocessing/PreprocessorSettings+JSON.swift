package import JSON

extension PreprocessorSettings {
  /// From the object in a preprocessor_config.json.
  ///
  /// A model whose mean and deviation are of one channel takes grey pictures.
  package init(_ json: JSONValue) throws(PreprocessorError) {
    let file = try PreprocessorFile(json)
    let family = file.family
    let normalisation = try Self.normalisation(file)
    self.init(
      channels: try Self.channels(file, normalisation), resizing: try Self.resizing(file),
      filter: try Self.filter(file), crop: try Self.crop(file), scale: try Self.scale(file),
      normalisation: normalisation, layout: try Self.layout(file))
    if family.cropsByShare { try cropByShare(file) }
    try check()
  }

  private static func channels(
    _ file: PreprocessorFile, _ normalisation: Normalisation?
  ) throws(PreprocessorError) -> Channels {
    let flips = try file.flag("do_flip_channel_order") ?? file.family.flips
    guard normalisation?.mean.count == 1 else { return flips ? .bgr : .rgb }
    if flips { throw PreprocessorError("do_flip_channel_order", "needs more than one channel") }
    return .grey
  }

  private static func resizing(_ file: PreprocessorFile) throws(PreprocessorError) -> Resizing {
    guard try file.flag("do_resize") ?? (file.has("size") || file.family != .unnamed) else {
      return .none
    }
    let squares = try file.flag("default_to_square") ?? file.family.squares
    switch try file.size("size", squares: squares) {
    case .exact(let size)?: return .exact(size)
    case .edge(let edge)?: return .shortestEdge(edge)
    case nil: throw PreprocessorError("size", "is missing")
    }
  }

  private static func filter(_ file: PreprocessorFile) throws(PreprocessorError) -> ResizeFilter {
    let numbers = ResizeFilter.allCases.map(\.rawValue)
    if let number = try file.integer("resample", in: 0...(numbers.count - 1)),
      let filter = ResizeFilter(rawValue: number)
    {
      return filter
    }
    if let filter = file.family.filter { return filter }
    guard try resizing(file) != .none else { return .bilinear }
    throw PreprocessorError(
      "resample", "is missing; 0 is nearest, 1 Lanczos, 2 bilinear, 3 bicubic, 4 box, 5 Hamming")
  }

  private static func crop(_ file: PreprocessorFile) throws(PreprocessorError) -> PixelSize? {
    let isCropped =
      try file.flag("do_center_crop")
      ?? (file.family.crops || file.family == .unnamed && file.has("crop_size"))
    guard isCropped else { return nil }
    guard case .exact(let size)? = try file.size("crop_size", squares: true) else {
      throw PreprocessorError(
        "crop_size", #"must be {"height": h, "width": w}, [h, w] or a number"#)
    }
    return size
  }

  private static func scale(_ file: PreprocessorFile) throws(PreprocessorError) -> Double {
    guard try file.flag("do_rescale") ?? true else { return 1 }
    return try file.number("rescale_factor") ?? 1 / 255
  }

  private static func normalisation(
    _ file: PreprocessorFile
  ) throws(PreprocessorError) -> Normalisation? {
    let isNormalised =
      try file.flag("do_normalize")
      ?? (file.family == .unnamed ? file.has("image_mean") : file.family.normalises)
    guard isNormalised else { return nil }
    guard let mean = try file.numbers("image_mean") else {
      throw PreprocessorError("image_mean", "is missing")
    }
    guard let deviation = try file.numbers("image_std") else {
      throw PreprocessorError("image_std", "is missing")
    }
    return Normalisation(mean: mean, deviation: deviation)
  }

  private static func layout(_ file: PreprocessorFile) throws(PreprocessorError) -> Layout {
    guard let name = try file.text("data_format") else { return .channelsFirst }
    guard let layout = Layout(rawValue: name) else {
      let names = Layout.allCases.map(\.rawValue).joined(separator: " or ")
      throw PreprocessorError("data_format", "must be \(names)")
    }
    return layout
  }

  /// ConvNext's way: `size` is what comes out, and `crop_pct` how much of the shorter side that is.
  private mutating func cropByShare(_ file: PreprocessorFile) throws(PreprocessorError) {
    guard resizing != .none else { return }
    guard case .shortestEdge(let edge) = resizing else {
      throw PreprocessorError("size", #"must be {"shortest_edge": n} or a number"#)
    }
    if edge >= 384 {
      resizing = .exact(PixelSize(width: edge, height: edge))
      return
    }
    let share = try file.number("crop_pct") ?? 224.0 / 256
    guard share > 0.1, share <= 1 else {
      throw PreprocessorError("crop_pct", "is \(share); it must be above 0.1 and at most 1")
    }
    resizing = .shortestEdge(Int(Double(edge) / share))
    crop = PixelSize(width: edge, height: edge)
  }
}
