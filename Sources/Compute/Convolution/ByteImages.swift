/// Images of bytes, channels last: u8 [images][height][width][channels], what flows between
/// quantized convolutions. Each image has zero points in front of it, for what a kernel finds
/// outside.
///
/// Channels are padded to a multiple of four; what stands in the padding meets zero weights. The
/// memory is kept when a batch is smaller.
@safe
package final class ByteImages {
  package let height: Int
  package let width: Int
  package let channels: Int
  /// The value that stands for zero.
  package let zero: UInt8
  /// Bytes from a pixel to the next.
  let pixelStride: Int
  /// Bytes from an image to the next.
  let imageStride: Int
  private var memory = AlignedMemory(count: 0)
  package private(set) var images = 0
  /// Images whose margin is written.
  private var margins = 0

  package init(height: Int, width: Int, channels: Int, zero: UInt8) {
    precondition(height > 0 && width > 0 && channels > 0)
    self.height = height
    self.width = width
    self.channels = channels
    self.zero = zero
    pixelStride = Self.pixelStride(channels)
    imageStride = height * width * pixelStride + Self.margin(channels)
  }

  /// Bytes from a pixel to the next.
  static func pixelStride(_ channels: Int) -> Int { (channels + 3) / 4 * 4 }

  /// Bytes in front of an image, which keep images aligned.
  private static func margin(_ channels: Int) -> Int { (pixelStride(channels) + 63) / 64 * 64 }

  /// Where a kernel reads what is outside, from the first value of an image.
  static func outside(_ channels: Int) -> Int32 { Int32(-margin(channels)) }

  /// Takes so many images; their values are unspecified until written.
  package func reshape(images: Int) {
    precondition(images >= 0)
    let before = memory.capacity
    memory.reserve(images * imageStride)
    if memory.capacity != before { margins = 0 }
    while margins < images {
      let start = unsafe memory.base + margins * imageStride
      unsafe start.initializeMemory(as: UInt8.self, repeating: zero, count: Self.margin(channels))
      margins += 1
    }
    self.images = images
  }

  /// u8, the first value of the first image; an image is `imageStride` bytes.
  var pointer: UnsafeMutablePointer<UInt8> {
    unsafe (memory.base + Self.margin(channels)).assumingMemoryBound(to: UInt8.self)
  }

  /// The value of one channel of one pixel, pixels counted in rows.
  package subscript(image image: Int, pixel pixel: Int, channel channel: Int) -> UInt8 {
    get {
      unsafe pointer[place(image, pixel, channel)]
    }
    set {
      let place = place(image, pixel, channel)
      unsafe pointer[place] = newValue
    }
  }

  private func place(_ image: Int, _ pixel: Int, _ channel: Int) -> Int {
    precondition(image >= 0 && image < images && pixel >= 0 && pixel < height * width)
    precondition(channel >= 0 && channel < channels)
    return image * imageStride + pixel * pixelStride + channel
  }
}
