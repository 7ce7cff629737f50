internal import Bytes

/// What a file is, by its first bytes. What its sender calls it only has to agree.
package enum ImageFormat: String, Sendable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
  case webp = "WebP"

  package var mediaType: String {
    switch self {
    case .jpeg: "image/jpeg"
    case .png: "image/png"
    case .webp: "image/webp"
    }
  }

  /// - Throws: `unknownFormat`, with the name of a format that is known but not read.
  package init(_ bytes: RawSpan) throws(ImageError) {
    let file = HeaderBytes(bytes, "file")
    guard bytes.byteCount > 0 else {
      throw ImageError(.unknownFormat, "the picture has no bytes; \(Self.accepted)")
    }
    if file.has([0xff, 0xd8, 0xff], at: 0) {
      self = .jpeg
    } else if file.has([0x89] + "PNG\r\n\u{1a}\n".utf8, at: 0) {
      self = .png
    } else if file.has("RIFF".utf8, at: 0), file.has("WEBP".utf8, at: 8) {
      self = .webp
    } else {
      for other in Self.others where file.has(other.bytes, at: other.place) {
        throw ImageError(.unknownFormat, "the picture is a \(other.name) file; \(Self.accepted)")
      }
      throw ImageError(.unknownFormat, "the bytes are no picture that is known; \(Self.accepted)")
    }
  }

  /// Checks what the sender says the bytes are, such as `image/png`. Nothing is said by nil, by an
  /// empty text and by `application/octet-stream`.
  package func check(mediaType declared: String?) throws(ImageError) {
    guard let declared else { return }
    let name = declared.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
    // image/jpg is registered nowhere and sent everywhere.
    if name.isEmpty || name == "application/octet-stream" || name == mediaType { return }
    if self == .jpeg, name == "image/jpg" { return }
    throw ImageError(
      .mediaType,
      "the content type is \(VisibleText.shortened(VisibleText.lines(name), bytes: 64)), but the "
        + "bytes are \(rawValue) (\(mediaType))")
  }

  static let accepted = "JPEG, PNG and WebP are accepted"

  /// What people send most often besides.
  private static let others: [(name: String, place: Int, bytes: [UInt8])] = [
    ("GIF", 0, Array("GIF8".utf8)),
    ("BMP", 0, Array("BM".utf8)),
    ("TIFF", 0, Array("II*\0".utf8)),
    ("TIFF", 0, Array("MM\0*".utf8)),
    ("AVIF", 4, Array("ftypavi".utf8)),
    ("HEIC", 4, Array("ftyphe".utf8)),
    ("HEIC", 4, Array("ftypmif1".utf8)),
    ("JPEG XL", 0, [0xff, 0x0a]),
    ("JPEG XL", 4, Array("JXL ".utf8)),
    ("JPEG 2000", 4, Array("jP  ".utf8)),
    ("PDF", 0, Array("%PDF".utf8)),
    ("SVG", 0, Array("<svg".utf8)),
    ("XML", 0, Array("<?xml".utf8)),
  ]
}
