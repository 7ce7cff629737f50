import Foundation
import Images
import TestSupport
import Testing

/// Good pictures, broken at random: each gives a model's input or an error. Run under
/// AddressSanitizer too, where any access outside of the file or the pixels ends the run; with
/// APUS_FUZZ=10000000 for as many pictures.
@Suite struct MutationTests {
  private static let rounds =
    (ProcessInfo.processInfo.environment["APUS_FUZZ"].flatMap { Int($0) } ?? 24_000) / 4

  @Test(arguments: 0..<4)
  func survives(seed: UInt64) async throws {
    let files = try (Goldens.files + ["animated.png", "animated.webp"]).map(picture)
    let preprocessors = try [
      PreprocessorSettings(
        resizing: .shortestEdge(9), filter: .bicubic, crop: PixelSize(width: 8, height: 12)),
      PreprocessorSettings(channels: .grey, resizing: .exact(PixelSize(width: 5, height: 7))),
      PreprocessorSettings(channels: .bgr, resizing: .none, layout: .channelsLast),
    ].map(ImagePreprocessor.init)
    let (accepted, refused) = await offThread {
      var random = SeededGenerator(seed: seed)
      var counts = (0, 0)
      for round in 0..<Self.rounds {
        var bytes = Mutation.mutate(files[round % files.count], &random)
        // What a checksum would catch goes on into the library.
        if bytes.starts(with: [0x89]), Bool.random(using: &random) {
          bytes = PNGChunks.repaired(bytes)
        }
        let preprocessor = preprocessors[round / files.count % preprocessors.count]
        if survives(bytes, preprocessor) { counts.0 += 1 } else { counts.1 += 1 }
      }
      return counts
    }
    #expect(accepted > Self.rounds / 50)
    #expect(refused > Self.rounds / 10)
  }

  private func survives(_ bytes: [UInt8], _ preprocessor: ImagePreprocessor) -> Bool {
    let limits = ImageLimits(pixels: 1 << 16, side: 2048)
    do {
      let header = try ImageHeader(bytes.span.bytes)
      try header.check(limits)
      let size = try preprocessor.outputSize(for: header.uprightSize, limits: limits)
      var output = [Float](repeating: .nan, count: size.count * preprocessor.channels)
      var span = output.mutableSpan
      try preprocessor.prepare(bytes.span.bytes, header, limits: limits, into: &span)
      return !output.contains { !$0.isFinite }
    } catch {
      return false
    }
  }
}
