import Foundation
import Images
import TestSupport
import Testing

@Suite struct DecodingTests {
  @Test(arguments: Goldens.decodings)
  func equalsPillow(golden: Goldens.Decoding) throws {
    let decoded = try decode(picture(golden.file))
    #expect(decoded.size == PixelSize(width: golden.width, height: golden.height))
    let pixels = try #require(Data(base64Encoded: golden.pixels))
    let worst = zip(decoded.values(), pixels).map { abs(Int($0) - Int($1)) }.max()
    #expect(try #require(worst) <= golden.tolerance)
    #expect(decoded.values().count == pixels.count)
  }

  @Test func goldensAreThere() {
    #expect(Goldens.decodings.count >= 44)
    #expect(Goldens.resizings.count >= 130)
    #expect(Goldens.preparations.count >= 40)
  }

  @Test func bytesBehindAPictureAreIgnored() throws {
    for file in ["444.jpg", "rgb.png", "lossless.webp"] {
      let bytes = try picture(file)
      let longer = bytes + [UInt8](repeating: 0xff, count: 1000)
      #expect(try decode(longer).values() == decode(bytes).values())
    }
  }

  @Test func bytesBetweenSegmentsAreIgnored() throws {
    let bytes = try picture("444.jpg")
    let table = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xff, 0xdb]) })
    let longer = bytes[..<table] + [0x12, 0x34, 0x56] + bytes[table...]
    #expect(try decode(Array(longer)).values() == decode(bytes).values())
  }

  @Test func turningIsItsOwnReverse() throws {
    // Larger than what is turned at once.
    let size = (width: 53, height: 37)
    let values = (0..<size.width * size.height * 3).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let reverse: [Orientation: Orientation] = [
      .mirroredOnLeftSide: .mirroredOnLeftSide,
      .onLeftSide: .onRightSide, .onRightSide: .onLeftSide,
      .mirroredOnRightSide: .mirroredOnRightSide, .mirrored: .mirrored, .upsideDown: .upsideDown,
      .mirroredUpsideDown: .mirroredUpsideDown, .upright: .upright,
    ]
    for (there, back) in reverse {
      let turned = try Picture(width: size.width, height: size.height, values.span)
        .upright(from: there)
      if there != .upright { #expect(turned.values() != values) }
      #expect(try turned.upright(from: back).values() == values, "\(there)")
    }
  }
}
