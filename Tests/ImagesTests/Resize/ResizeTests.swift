import CImages
import TestSupport
import Testing

@testable import Images

@Suite struct ResizeTests {
  private func source(_ channels: Int) throws -> Picture {
    let colours = try decode(picture("source.png"))
    return channels == 1 ? try colours.grey() : colours
  }

  @Test(arguments: Goldens.resizings)
  func equalsPillow(golden: Goldens.Resizing) throws {
    let filter = try #require(ResizeFilter(rawValue: golden.filter))
    let size = PixelSize(width: golden.width, height: golden.height)
    for tier in Set([CI_PORTABLE.rawValue, ci_best_tier().rawValue]) {
      let resized = try source(golden.channels)
        .resized(to: size, by: filter, window: nil, tier: ci_tier(rawValue: tier))
      #expect(digest(resized.values()) == golden.digest, "tier \(tier)")
    }
  }

  @Test(arguments: ResizeFilter.allCases)
  func aWindowIsAPartOfTheWhole(filter: ResizeFilter) throws {
    var random = SeededGenerator(seed: 5)
    for size in [(61, 47), (61, 20), (30, 47), (90, 70), (7, 120)].map(PixelSize.init) {
      for channels in [1, 3] {
        let whole = try source(channels).resized(to: size, by: filter)
        for _ in 0..<6 {
          let width = Int.random(in: 1...size.width, using: &random)
          let height = Int.random(in: 1...size.height, using: &random)
          let window = PixelWindow(
            x: Int.random(in: 0...size.width - width, using: &random),
            y: Int.random(in: 0...size.height - height, using: &random),
            width: width, height: height)
          let part = try source(channels).resized(to: size, by: filter, window: window)
          let expected = try Picture(
            width: size.width, height: size.height, channels: channels, whole.bytes
          ).cropped(to: window)
          #expect(part.values() == expected.values(), "\(window) of \(size)")
        }
      }
    }
  }

  /// Every pair of small sizes: weights add up to one, and a single colour stays what it is.
  @Test(arguments: ResizeFilter.allCases)
  func oneColourStays(filter: ResizeFilter) throws {
    for from in 1...24 {
      let values = [UInt8](repeating: 201, count: from * 2 * 3)
      for to in 1...24 {
        let resized = try Picture(width: from, height: 2, values.span)
          .resized(to: PixelSize(width: to, height: 3), by: filter)
        #expect(resized.values().allSatisfy { $0 == 201 }, "\(from) to \(to)")
      }
    }
  }

  /// The longest and thinnest picture that limits let through.
  @Test(arguments: ResizeFilter.allCases)
  func extremesResize(filter: ResizeFilter) throws {
    let side = ImageLimits().side
    let values = [UInt8](repeating: 90, count: side * 3)
    let small = PixelSize(width: 3, height: 5)
    let wide = try Picture(width: side, height: 1, values.span).resized(to: small, by: filter)
    let tall = try Picture(width: 1, height: side, values.span).resized(to: small, by: filter)
    #expect(wide.values() == [UInt8](repeating: 90, count: 45))
    #expect(tall.values() == wide.values())
  }
}
