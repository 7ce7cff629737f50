import Images
import TestSupport
import Testing

@Suite struct ImageHeaderTests {
  @Test(arguments: Goldens.decodings)
  func tellsTheSize(golden: Goldens.Decoding) throws {
    let header = try header(picture(golden.file))
    #expect(header.uprightSize == PixelSize(width: golden.width, height: golden.height))
    #expect(header.frames == 1 && !header.isAnimated)
    #expect(header.decodingBytes >= 3 * golden.width * golden.height)
  }

  @Test(arguments: Orientation.allCases)
  func tellsTheOrientation(orientation: Orientation) throws {
    let header = try header(picture("turned\(orientation.rawValue).jpg"))
    #expect(header.orientation == orientation)
    #expect(header.size == PixelSize(width: 21, height: 15))
  }

  /// EXIF data that is damaged says nothing, and takes the picture nothing.
  @Test func damagedOrientationsAreUpright() throws {
    let bytes = try picture("turned6.jpg")
    let start = try #require(bytes.indices.first { bytes[$0...].starts(with: "Exif".utf8) })
    for place in start + 6..<start + 44 {
      for value: UInt8 in [0, 0x7f, 0xff] {
        var broken = bytes
        broken[place] = value
        _ = try header(broken)
      }
    }
  }

  @Test(arguments: [("animated.png", "PNG"), ("animated.webp", "WebP")])
  func animatedPicturesAreRefused(file: String, name: String) throws {
    let bytes = try picture(file)
    #expect(try header(bytes).frames == 2)
    let error = refusal(bytes)
    #expect(error?.code == .animated)
    #expect(
      error?.reason == "the \(name) is animated (2 frames); still pictures are accepted")
  }

  /// One frame moves nothing, which PNG's own picture shows; WebP has no picture beside its frames.
  @Test func animationsOfOneFrame() throws {
    var png = try picture("animated.png")
    let control = try #require(png.indices.first { png[$0...].starts(with: "acTL".utf8) })
    png.replaceSubrange(control + 4..<control + 8, with: [0, 0, 0, 1])
    #expect(refusal(PNGChunks.repaired(png)) == nil)
    var webp = try picture("animated.webp")
    let frame = try #require(webp.indices.last { webp[$0...].starts(with: "ANMF".utf8) })
    webp.replaceSubrange(frame..<frame + 4, with: "JUNK".utf8)
    #expect(
      refusal(webp)?.reason == "the WebP is animated (1 frame); still pictures are accepted")
  }

  @Test func limitsAreNamed() throws {
    let bytes = try picture("rgb.png")
    func reason(_ limits: ImageLimits) -> String? { refusal(bytes, limits: limits)?.reason }
    #expect(reason(ImageLimits(bytes: bytes.count, pixels: 21 * 15, side: 21)) == nil)
    #expect(
      reason(ImageLimits(bytes: bytes.count - 1))
        == "the picture has \(bytes.count) bytes; at most \(bytes.count - 1) are allowed "
        + "(--max-image-size)")
    #expect(
      reason(ImageLimits(pixels: 314))
        == "the picture is 21 × 15 pixels; at most 314 in all are allowed (--max-image-pixels)")
    #expect(
      reason(ImageLimits(side: 20))
        == "the picture is 21 × 15 pixels; at most 20 to a side are allowed (--max-image-side)")
  }

  /// Files that claim to be as large as their format allows are refused before any memory is taken.
  @Test func giantsAreRefused() throws {
    var png = try picture("rgb.png")
    png.replaceSubrange(16..<24, with: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    var jpeg = try picture("444.jpg")
    let frame = try #require(jpeg.indices.first { jpeg[$0...].starts(with: [0xff, 0xc0]) })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0xff, 0xff, 0xff])
    var webp = try picture("lossless.webp")
    webp.replaceSubrange(21..<25, with: [0xff, 0xff, 0xff, 0x0f])
    for bytes in [png, jpeg, webp] {
      #expect(refusal(bytes, limits: ImageLimits(side: 1 << 40))?.code == .tooLarge)
    }
  }

  @Test func rareKindsOfJPEGAreNamed() throws {
    let bytes = try picture("444.jpg")
    let frame = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xff, 0xc0]) })
    func reason(_ place: Int, _ value: UInt8) -> String? {
      var changed = bytes
      changed[frame + place] = value
      return refusal(changed)?.reason
    }
    let kind = "this kind of JPEG is not supported: "
    #expect(
      reason(1, 0xc3) == kind + "it is lossless; baseline and progressive ones are accepted")
    #expect(
      reason(1, 0xc5) == kind + "it is hierarchical; baseline and progressive ones are accepted")
    #expect(reason(4, 12) == kind + "it has 12 bits for each value; 8 are accepted")
    #expect(
      reason(9, 2) == kind
        + "it has 2 components; 1 (grey), 3 (colours) and 4 (inks) are accepted")
  }
}
