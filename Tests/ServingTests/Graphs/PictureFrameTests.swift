import Images
import Inference
import Models
import Testing

@testable import Serving

struct PictureFrameTests {
  private func frame(_ sizes: Int?..., type: ONNXElementType = .float) -> PictureFrame? {
    PictureFrame(
      GraphSignature.Port("x", type, [.unknown] + sizes.map { $0.map { .fixed($0) } ?? .unknown }))
  }

  @Test func dimensionsTellTheLayout() {
    #expect(frame(3, 8, 9)?.layout == .channelsFirst)
    #expect(frame(3, 8, 9)?.width == 9)
    #expect(frame(8, 9, 3)?.layout == .channelsLast)
    #expect(frame(8, 9, 3)?.height == 8)
    #expect(frame(1, nil, nil)?.channels == 1)
    #expect(frame(4, 8, 8) == nil)
    #expect(frame(3, 8) == nil)
    #expect(frame(3, 8, 8, type: .int64) == nil)
  }

  @Test func asModelsOfImageNetAreEvaluated() throws {
    let settings = try #require(try frame(3, 224, 224)?.fitted(nil))
    #expect(settings.resizing == .shortestEdge(256))
    #expect(settings.crop == PixelSize(width: 224, height: 224))
    #expect(settings.normalisation?.mean == [0.485, 0.456, 0.406])
    let digits = try #require(try frame(1, 28, 28)?.fitted(nil))
    #expect(digits.channels == .grey && digits.normalisation == nil)
    #expect(digits.resizing == .exact(PixelSize(width: 28, height: 28)))
    let bytes = try #require(try frame(8, 9, 3, type: .uint8)?.fitted(nil))
    #expect(bytes.scale == 1 && bytes.layout == .channelsLast)
    #expect(try frame(3, nil, nil)?.fitted(nil) == nil)
  }

  @Test func whatIsSaidMustFit() throws {
    let small = PreprocessorSettings(resizing: .exact(PixelSize(width: 8, height: 8)))
    #expect(try frame(3, 8, 8)?.fitted(small) == small)
    #expect(try frame(1, 8, 8)?.fitted(small)?.channels == .grey)
    #expect(try frame(3, nil, nil)?.fitted(small) == small)
    let error = #expect(throws: ConfigurationError.self) { try frame(3, 9, 9)?.fitted(small) }
    #expect(
      error?.reason == "pictures are prepared with 8 × 8 pixels; the model takes 9 × 9")
    var normal = small
    normal.normalisation = .init(mean: [0, 0, 0], deviation: [1, 1, 1])
    #expect(throws: ConfigurationError.self) { try frame(1, 8, 8)?.fitted(normal) }
    var whole = small
    whole.resizing = .none
    #expect(throws: ConfigurationError.self) { try frame(3, 8, 8)?.fitted(whole) }
  }
}
