internal import CImages

extension Picture {
  /// The picture at another size, as Pillow's `resize` makes it, byte for byte.
  ///
  /// - Parameter window: the part of the result that is wanted; all of it if nil. The rest is not
  ///   computed.
  package consuming func resized(
    to size: PixelSize, by filter: ResizeFilter, window: PixelWindow? = nil
  ) throws(ImageError) -> Picture {
    try resized(to: size, by: filter, window: window, tier: ci_best_tier())
  }

  consuming func resized(
    to size: PixelSize, by filter: ResizeFilter, window: PixelWindow?, tier: ci_tier
  ) throws(ImageError) -> Picture {
    let window = window ?? PixelWindow(x: 0, y: 0, width: size.width, height: size.height)
    precondition(size.width > 0 && size.height > 0 && window.lies(in: size))
    if size == self.size { return try cropped(to: window) }
    if filter == .nearest { return try picked(size, window) }
    let columns = window.x..<window.x + window.width
    let lines = window.y..<window.y + window.height
    var vertical = ResizeWeights(filter, from: height, to: size.height, window: lines)
    var horizontal = ResizeWeights(filter, from: width, to: size.width, window: columns)
    // The order shows in the roundings between the passes. Each pass makes of its own direction
    // what is wanted, and of the other one what the second pass needs.
    if self.size.takesColumnsFirst(to: size) {
      let needed = size.width == width ? columns : horizontal.inputs
      let short = try withColumns(vertical, of: needed, tier)
      if size.width == width { return short }
      horizontal.shift(by: needed.lowerBound)
      return try short.withRows(horizontal, of: 0..<short.height, tier)
    }
    let needed = size.height == height ? lines : vertical.inputs
    let narrow = try withRows(horizontal, of: needed, tier)
    if size.height == height { return narrow }
    vertical.shift(by: needed.lowerBound)
    return try narrow.withColumns(vertical, of: 0..<narrow.width, tier)
  }

  /// Some of its rows, each with as many pixels as there are weights for.
  private borrowing func withRows(
    _ weights: ResizeWeights, of rows: Range<Int>, _ tier: ci_tier
  ) throws(ImageError) -> Picture {
    let result = try Picture(
      PixelSize(width: weights.outputs, height: rows.count), channels: channels)
    let stride = width * channels
    unsafe weights.withC { weights in
      unsafe ci_resample_rows(
        pixels + rows.lowerBound * stride, stride, result.pixels, rows.count, Int32(channels),
        weights, tier)
    }
    return result
  }

  /// Some of its columns, each with as many pixels as there are weights for.
  private borrowing func withColumns(
    _ weights: ResizeWeights, of columns: Range<Int>, _ tier: ci_tier
  ) throws(ImageError) -> Picture {
    let result = try Picture(
      PixelSize(width: columns.count, height: weights.outputs), channels: channels)
    unsafe weights.withC { weights in
      unsafe ci_resample_columns(
        pixels + columns.lowerBound * channels, width * channels, result.pixels,
        columns.count * channels, weights, tier)
    }
    return result
  }

  /// Of each place the pixel that lies there.
  private consuming func picked(
    _ size: PixelSize, _ window: PixelWindow
  ) throws(ImageError) -> Picture {
    let result = try Picture(window.size, channels: channels)
    let columns = Self.places(width, size.width, window.x..<window.x + window.width)
    let lines = Self.places(height, size.height, window.y..<window.y + window.height)
    var output = unsafe result.pixels
    for line in lines {
      let row = unsafe pixels + line * width * channels
      for column in columns {
        unsafe output.update(from: row + column * channels, count: channels)
        unsafe output += channels
      }
    }
    return result
  }

  /// The inputs at the wanted outputs' centres. Places are added up, as in Pillow, for the same
  /// rounding.
  private static func places(_ inputs: Int, _ outputs: Int, _ window: Range<Int>) -> [Int] {
    let scale = Double(inputs) / Double(outputs)
    var place = scale * 0.5
    var places: [Int] = []
    for output in 0..<window.upperBound {
      if output >= window.lowerBound { places.append(min(Int(place), inputs - 1)) }
      place += scale
    }
    return places
  }
}

extension PixelSize {
  /// As Pillow 13 has it: where the height loses more than twice what the width does. Earlier
  /// versions always took rows first.
  func takesColumnsFirst(to size: PixelSize) -> Bool {
    if size.width == width { return true }
    return size.height < height && height - size.height > 2 * (width - size.width)
  }
}
