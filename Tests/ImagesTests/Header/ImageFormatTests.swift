import Images
import TestSupport
import Testing

@Suite struct ImageFormatTests {
  @Test(arguments: [("444.jpg", ImageFormat.jpeg), ("rgb.png", .png), ("lossy.webp", .webp)])
  func isKnownByItsBytes(file: String, format: ImageFormat) throws {
    let bytes = try picture(file)
    // What it is called does not matter if it is called nothing, or right.
    for name in [nil, "", format.mediaType, "application/octet-stream"] {
      #expect(try header(bytes, mediaType: name).format == format)
    }
    let parameters = " \(format.mediaType.uppercased()) ; q=1"
    #expect(try header(bytes, mediaType: parameters).format == format)
  }

  @Test func anotherContentTypeIsRefused() throws {
    let bytes = try picture("444.jpg")
    let error = refusal(bytes, mediaType: "image/png")
    #expect(error?.code == .mediaType)
    #expect(
      error?.reason == "the content type is image/png, but the bytes are JPEG (image/jpeg)")
    #expect(try header(bytes, mediaType: "image/jpg").format == .jpeg)
    let long = "\u{1b}[2J" + String(repeating: "x", count: 500)
    let shown = refusal(bytes, mediaType: long)
    #expect(shown?.code == .mediaType)
    #expect(shown?.reason.contains("\u{1b}") == false)
    #expect((shown?.reason.utf8.count ?? 0) < 200)
  }

  /// Beginnings of files; "~" stands for the byte FF.
  private static let others: [(name: String, text: String)] = [
    ("GIF", "GIF89a"), ("BMP", "BM6"), ("TIFF", "II*\0"), ("TIFF", "MM\0*"),
    ("AVIF", "\0\0\0 ftypavif"), ("HEIC", "\0\0\0 ftypheic"), ("HEIC", "\0\0\0 ftypmif1"),
    ("JPEG XL", "~\n"), ("JPEG XL", "\0\0\0\u{c}JXL "), ("JPEG 2000", "\0\0\0\u{c}jP  "),
    ("PDF", "%PDF-1.7"), ("SVG", "<svg "), ("XML", "<?xml "),
  ]

  @Test(arguments: others)
  func othersAreNamed(name: String, text: String) {
    let bytes = text.utf8.map { $0 == UInt8(ascii: "~") ? 0xff : $0 }
    let error = refusal(bytes)
    #expect(error?.code == .unknownFormat)
    #expect(
      error?.reason == "the picture is a \(name) file; JPEG, PNG and WebP are accepted")
  }

  @Test(arguments: ["", "\0", "~\u{58}", "RIFF", "RIFF1234WAVE", "hello, world"])
  func whatIsNoPictureIsRefused(text: String) {
    let bytes = Array(text.utf8)
    let error = refusal(bytes)
    #expect(error?.code == .unknownFormat)
    #expect(error?.reason.hasSuffix("JPEG, PNG and WebP are accepted") == true)
  }

  @Test func gifsAreRefused() throws {
    #expect(refusal(try picture("animated.gif"))?.code == .unknownFormat)
  }
}
