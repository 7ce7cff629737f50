/// Images of bytes, channels last: u8 [images][height][width][channels], what flows between
/// quantized convolutions. Each image has zero points in front of it, for what a kernel finds
/// outside.
///
/// Channels are padded to a multiple of four; what stands in the padding meets zero weights. With a
/// border they are not, and zero points stand around each image too: pixels that lie side by side
/// are then bytes side by side, whatever a kernel finds there. The memory is kept when a batch is
/// smaller.
@safe
package final class ByteImages {
  package let height: Int
  package let width: Int
  package let channels: Int
  /// The value that stands for zero.
  package let zero: UInt8
  /// Nil: without a border.
  package let border: ImageBorder?
  /// Bytes from a pixel to the next, and from a row to the next.
  let pixelStride: Int
  let rowStride: Int
  /// Bytes from an image to the next.
  let imageStride: Int
  private let margin: Int
  private var memory: AlignedMemory
  package private(set) var images = 0
  /// Images whose margins and borders are written.
  private var prepared = 0

  /// - Parameter pool: where memory comes from and goes back to; nil for its own.
  package init(
    height: Int, width: Int, channels: Int, zero: UInt8, border: ImageBorder? = nil,
    pool: MemoryPool? = nil
  ) {
    precondition(height > 0 && width > 0 && channels > 0)
    memory = AlignedMemory(count: 0, pool: pool)
    self.height = height
    self.width = width
    self.channels = channels
    self.zero = zero
    self.border = border
    margin = Self.margin(channels)
    pixelStride = border == nil ? Self.pixelStride(channels) : channels
    let around = border ?? ImageBorder()
    rowStride = (width + around.left + around.right) * pixelStride
    let rows = height + around.top + around.bottom
    imageStride = (rows * rowStride + 63) / 64 * 64 + margin
  }

  /// Bytes from a pixel to the next where there is no border.
  static func pixelStride(_ channels: Int) -> Int { (channels + 3) / 4 * 4 }

  /// Bytes in front of an image, which keep images aligned.
  private static func margin(_ channels: Int) -> Int { (pixelStride(channels) + 63) / 64 * 64 }

  /// Where a kernel reads what is outside, from the first byte of an image.
  static func outside(_ channels: Int) -> Int32 { Int32(-margin(channels)) }

  /// Bytes that so many images take.
  package func byteCount(images: Int) -> Int {
    // Kernels read groups of four bytes, the last of them beyond the last pixel.
    images * imageStride + 64
  }

  /// Takes so many images; their values are unspecified until written.
  package func reshape(images: Int) {
    precondition(images >= 0)
    let before = memory.capacity
    memory.reserve(byteCount(images: images))
    if memory.capacity != before { prepared = 0 }
    while prepared < images {
      let start = unsafe memory.base + prepared * imageStride
      let count = border == nil ? margin : imageStride
      unsafe start.initializeMemory(as: UInt8.self, repeating: zero, count: count)
      prepared += 1
    }
    self.images = images
  }

  /// u8, the first byte of the first image, of its border if it has one; an image is `imageStride`
  /// bytes.
  var pointer: UnsafeMutablePointer<UInt8> {
    unsafe (memory.base + margin).assumingMemoryBound(to: UInt8.self)
  }

  /// Where a pixel begins, from an image's first byte.
  func place(row: Int, column: Int) -> Int {
    (row + (border?.top ?? 0)) * rowStride + (column + (border?.left ?? 0)) * pixelStride
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
    return image * imageStride + place(row: pixel / width, column: pixel % width) + channel
  }
}

/// Places around an image where only zero points stand.
package struct ImageBorder: Sendable, Equatable {
  package var top = 0
  package var left = 0
  package var bottom = 0
  package var right = 0

  package init(top: Int = 0, left: Int = 0, bottom: Int = 0, right: Int = 0) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }
}
