internal import CImages
internal import Glibc

/// Pixels in memory: u8 [height][width][channels], without gaps.
///
/// Sendable: the memory is this value's alone, and is written only before the value is handed out.
@safe
package struct Picture: ~Copyable, @unchecked Sendable {
  package let size: PixelSize
  /// 3 are red, green, blue; 1 is grey.
  package let channels: Int
  /// With CI_SLACK bytes behind the last pixel.
  let pixels: UnsafeMutablePointer<UInt8>

  package var width: Int { size.width }
  package var height: Int { size.height }

  /// Pixels of any colour. A size from outside has passed `ImageLimits` before.
  ///
  /// - Throws: where the system has no memory for them.
  init(_ size: PixelSize, channels: Int = 3) throws(ImageError) {
    precondition(size.width > 0 && size.height > 0 && (channels == 1 || channels == 3))
    let count = size.count * channels
    guard let memory = unsafe malloc(count + Int(CI_SLACK)) else {
      throw ImageError(.outOfMemory, "there is no memory for a picture of \(size) pixels now")
    }
    self.size = size
    self.channels = channels
    unsafe pixels = memory.assumingMemoryBound(to: UInt8.self)
    unsafe (pixels + count).initialize(repeating: 0, count: Int(CI_SLACK))
  }

  /// A picture of pixels that are there already.
  package init(
    width: Int, height: Int, channels: Int = 3, _ values: Span<UInt8>
  ) throws(ImageError) {
    try self.init(PixelSize(width: width, height: height), channels: channels)
    precondition(values.count == bytes.count)
    unsafe values.withUnsafeBufferPointer { values in
      if let base = values.baseAddress { unsafe pixels.update(from: base, count: values.count) }
    }
  }

  deinit { unsafe free(pixels) }

  /// Row after row, from the top; pixels from the left.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self) get {
      unsafe _overrideLifetime(
        Span(_unsafeStart: pixels, count: size.count * channels), borrowing: self)
    }
  }

  /// One channel of luma, as Pillow's `convert("L")` has it.
  package consuming func grey() throws(ImageError) -> Picture {
    if channels == 1 { return self }
    let result = try Picture(size, channels: 1)
    unsafe ci_grey(pixels, size.count, result.pixels)
    return result
  }

  /// The picture as it is to be seen.
  package consuming func upright(from orientation: Orientation) throws(ImageError) -> Picture {
    precondition(channels == 3)
    if orientation == .upright { return self }
    let (width, height) = (width, height)
    let result = try Picture(
      orientation.transposes ? PixelSize(width: height, height: width) : size)
    let turning = ci_turning(
      transposes: orientation.transposes ? 1 : 0, flips_columns: orientation.flipsColumns ? 1 : 0,
      flips_rows: orientation.flipsRows ? 1 : 0)
    unsafe ci_turn(pixels, width, height, turning, result.pixels)
    return result
  }

  /// The part of it that `window` shows.
  package consuming func cropped(to window: PixelWindow) throws(ImageError) -> Picture {
    precondition(window.lies(in: size))
    if window.size == size { return self }
    let result = try Picture(window.size, channels: channels)
    let row = window.width * channels
    for y in 0..<window.height {
      let start = ((window.y + y) * width + window.x) * channels
      unsafe (result.pixels + y * row).update(from: pixels + start, count: row)
    }
    return result
  }

  /// The picture on a black ground of `size`, its corner at (x, y).
  package consuming func padded(to size: PixelSize, x: Int, y: Int) throws(ImageError) -> Picture {
    let place = PixelWindow(x: x, y: y, width: width, height: height)
    precondition(place.lies(in: size))
    if size == self.size { return self }
    let result = try Picture(size, channels: channels)
    unsafe result.pixels.update(repeating: 0, count: size.count * channels)
    let row = width * channels
    for line in 0..<height {
      let start = ((y + line) * size.width + x) * channels
      unsafe (result.pixels + start).update(from: pixels + line * row, count: row)
    }
    return result
  }
}

/// A part of a picture.
package struct PixelWindow: Sendable, Equatable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  var size: PixelSize { PixelSize(width: width, height: height) }

  func lies(in size: PixelSize) -> Bool {
    x >= 0 && y >= 0 && width > 0 && height > 0 && width <= size.width - x
      && height <= size.height - y
  }
}
