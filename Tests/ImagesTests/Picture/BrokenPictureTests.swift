import Images
import TestSupport
import Testing

@Suite struct BrokenPictureTests {
  /// Every picture, cut at every byte.
  @Test(arguments: Goldens.files)
  func cutPicturesAreRefused(file: String) throws {
    let bytes = try picture(file)
    for count in 0..<bytes.count {
      let error = try #require(refusal(Array(bytes[..<count])), "\(file) after \(count) bytes")
      // Too few to tell what it is.
      let expected: [ImageError.Code] = count < 12 ? [.truncated, .unknownFormat] : [.truncated]
      #expect(expected.contains(error.code), "\(file) after \(count) bytes: \(error)")
      #expect(!error.reason.isEmpty)
    }
  }

  /// Checksums cover all that a PNG's pixels are made of.
  @Test(arguments: ["rgb.png", "rgb-gamma.png", "palette8.png", "grey16-interlaced.png"])
  func changedPNGsAreRefused(file: String) throws {
    let bytes = try picture(file)
    let good = try decode(bytes).values()
    for place in bytes.indices {
      for bit in 0..<8 {
        var broken = bytes
        broken[place] ^= 1 << UInt8(bit)
        guard let decoded = try? decode(broken).values() else { continue }
        #expect(decoded == good, "\(file) with byte \(place) changed")
      }
    }
  }

  /// A JPEG whose data lose their thread is refused, not patched up in grey.
  @Test func lostDataAreRefused() throws {
    var bytes = try picture("444.jpg")
    let scan = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xff, 0xda]) })
    bytes.removeSubrange(scan + 100..<scan + 200)
    let error = refusal(bytes)
    #expect(error?.code == .corrupt)
    #expect(error?.reason.hasPrefix("the JPEG is broken: ") == true)
  }

  @Test func manyScansAreRefused() throws {
    let bytes = try picture("progressive.jpg")
    let scans = bytes.indices.filter { bytes[$0...].starts(with: [0xff, 0xda]) }
    // The first one, which can be taken again and again, ends where the next tables begin.
    let start = try #require(scans.first)
    let end = try #require(
      bytes.indices.first { $0 > start && bytes[$0...].starts(with: [0xff, 0xc4]) })
    func repeated(_ times: Int) -> [UInt8] {
      Array(bytes[..<start]) + Array(repeating: bytes[start..<end], count: times).joined()
        + bytes[end...]
    }
    #expect(refusal(repeated(101 - scans.count)) == nil)
    let error = refusal(repeated(102 - scans.count))
    #expect(error?.code == .tooLarge)
    #expect(error?.reason == "the JPEG has more than 100 scans, which is what is allowed")
    // As many as a file of allowed size holds end as early.
    #expect(refusal(repeated(20_000)) == error)
  }

  @Test func coloursMustBeInThePalette() throws {
    let bytes = try picture("palette8.png")
    let palette = try #require(bytes.indices.first { bytes[$0...].starts(with: "PLTE".utf8) })
    // A palette of one colour.
    var broken = Array(bytes[..<(palette - 4)])
    broken += [0, 0, 0, 3]
    broken += "PLTE".utf8
    broken += [1, 2, 3, 0, 0, 0, 0]
    broken += bytes[(palette + 4 + 600 + 4)...]
    let error = refusal(PNGChunks.repaired(broken))
    #expect(error?.reason == "the PNG is broken: a pixel's colour is not in the palette")
  }

  @Test func noiseIsRefused() throws {
    var random = SeededGenerator(seed: 3)
    let heads = try ["444.jpg", "rgb.png", "lossy.webp", "alpha.webp"].map { file in
      try Array(picture(file)[..<16])
    }
    for round in 0..<400 {
      let noise = (0..<Int.random(in: 0...300, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let bytes = heads[round % heads.count].prefix(Int.random(in: 0...16, using: &random)) + noise
      #expect(refusal(Array(bytes)) != nil)
    }
  }
}
