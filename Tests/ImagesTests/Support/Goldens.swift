import Foundation
import Images
import TestSupport
import Testing

/// Tests/Fixtures/images: pictures, and what Pillow makes of them (tools/golden/make_images.py).
struct Goldens: Decodable {
  struct Decoding: Decodable, CustomTestStringConvertible, Sendable {
    let file: String
    let width: Int
    let height: Int
    let tolerance: Int
    /// In base 64.
    let pixels: String
    var testDescription: String { file }
  }

  struct Resizing: Decodable, CustomTestStringConvertible, Sendable {
    let channels: Int
    let filter: Int
    let width: Int
    let height: Int
    let digest: String
    var testDescription: String { "\(width) × \(height) × \(channels), filter \(filter)" }
  }

  struct Preparation: CustomTestStringConvertible, Sendable {
    let number: Int
    let file: String
    let count: Int
    let digest: String
    /// The text of a preprocessor_config.json.
    let settings: String
    var testDescription: String { "\(number): \(file) with \(settings)" }
  }

  let decode: [Decoding]
  let resize: [Resizing]

  static let all: Goldens? = try? JSONDecoder().decode(
    Goldens.self, from: Data(Fixture.bytes("images/goldens.json")))

  static let decodings = all?.decode ?? []
  static let resizings = all?.resize ?? []

  static let preparations: [Preparation] = {
    guard let bytes = try? Fixture.bytes("images/goldens.json"),
      let root = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
      let cases = root["prepare"] as? [[String: Any]]
    else { return [] }
    return cases.enumerated().compactMap { number, entry in
      guard let file = entry["file"] as? String, let count = entry["count"] as? Int,
        let digest = entry["digest"] as? String, let settings = entry["settings"],
        let text = try? JSONSerialization.data(withJSONObject: settings, options: .sortedKeys)
      else { return nil }
      return Preparation(
        number: number, file: file, count: count, digest: digest,
        settings: String(decoding: text, as: UTF8.self))
    }
  }()

  /// Every picture that decodes.
  static let files = decodings.map(\.file)
}

/// A committed picture.
func picture(_ name: String) throws -> [UInt8] { try Fixture.bytes("images/\(name)") }

func header(_ bytes: [UInt8], mediaType: String? = nil) throws(ImageError) -> ImageHeader {
  try ImageHeader(bytes.span.bytes, mediaType: mediaType)
}

func decode(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) -> Picture {
  try Picture(decoding: bytes.span.bytes, limits: limits)
}

/// Why a file is not decoded; nil if it is.
func refusal(
  _ bytes: [UInt8], mediaType: String? = nil, limits: ImageLimits = ImageLimits()
) -> ImageError? {
  do throws(ImageError) {
    _ = try Picture(decoding: bytes.span.bytes, mediaType: mediaType, limits: limits)
    return nil
  } catch { return error }
}

extension Picture {
  borrowing func values() -> [UInt8] {
    bytes.withUnsafeBufferPointer { Array($0) }
  }
}

func digest(_ bytes: [UInt8]) -> String {
  var digest = Digest()
  for byte in bytes { digest.add(byte) }
  return digest.text
}
