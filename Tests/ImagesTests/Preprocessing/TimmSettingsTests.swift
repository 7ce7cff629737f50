import Images
import JSON
import Testing

@Suite struct TimmSettingsTests {
  private func settings(_ json: String, _ size: PixelSize? = nil) throws -> PreprocessorSettings {
    try PreprocessorSettings(timm: JSONDocument(json).root, size: size)
  }

  private func square(_ side: Int) -> PixelSize { PixelSize(width: side, height: side) }

  /// As it stands in timm/resnet18.a1_in1k.
  private static let resnet = """
    {"tag": "a1_in1k", "custom_load": false, "input_size": [3, 224, 224],
     "test_input_size": [3, 288, 288], "fixed_input_size": false, "interpolation": "bicubic",
     "crop_pct": 0.95, "test_crop_pct": 1.0, "crop_mode": "center", "mean": [0.485, 0.456, 0.406],
     "std": [0.229, 0.224, 0.225], "num_classes": 1000, "pool_size": [7, 7],
     "first_conv": "conv1", "classifier": "fc"}
    """

  @Test func aModelOfTheHub() throws {
    let found = try settings(Self.resnet)
    #expect(found.resizing == .shortestEdge(235) && found.crop == square(224))
    #expect(found.filter == .bicubic && found.centring == .nearest)
    #expect(found.normalisation == .imageNet && found.scale == 1 / 255)
    #expect(
      "\(found)" == "shorter side to 235 (bicubic), middle of 224 × 224, RGB, divided by 255, "
        + "mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225")
  }

  @Test func theSizeOfTheModelGoesFirst() throws {
    let test = try settings(Self.resnet, square(288))
    #expect(test.resizing == .shortestEdge(288) && test.crop == square(288))
    let other = try settings(Self.resnet, square(256))
    #expect(other.resizing == .shortestEdge(269) && other.crop == square(256))
    #expect(try settings(Self.resnet, square(224)) == settings(Self.resnet))
  }

  @Test func whatIsNotSaidIsAsInTimm() throws {
    let found = try settings("{}")
    #expect(found.resizing == .shortestEdge(256) && found.crop == square(224))
    #expect(found.filter == .bicubic && found.normalisation == .imageNet)
    let squashed = try settings(
      #"{"input_size": [3, 100, 200], "crop_mode": "squash", "crop_pct": 1, "#
        + #""interpolation": "bilinear"}"#)
    #expect(squashed.resizing == .exact(PixelSize(width: 200, height: 100)))
    let grey = try settings(#"{"input_size": [1, 28, 28], "mean": [0.5], "std": [0.25]}"#)
    #expect(grey.channels == .grey)
  }

  @Test(arguments: [
    ("[]", "\"pretrained_cfg\" must be an object"),
    (#"{"crop_mode": "border"}"#, "\"crop_mode\" is border; supported are center and squash"),
    (
      #"{"input_size": [3, 100, 200]}"#,
      "\"input_size\" is no square, which crop_mode center needs here"
    ),
    (#"{"input_size": 224}"#, "\"input_size\" must be [channels, height, width]"),
    (#"{"input_size": [3, 0, 0]}"#, "\"input_size\" must be [channels, height, width]"),
    (#"{"crop_pct": 0}"#, "\"crop_pct\" must be a number above 0.1 and at most 1"),
    (#"{"interpolation": "random"}"#, "\"interpolation\" is random; supported are bicubic, bi"),
    (#"{"mean": [1, 2]}"#, "\"mean\" must be an array of 3 (colours) or 1 (grey)"),
    (#"{"mean": [0.5]}"#, "\"std\" must have as many numbers as mean"),
    (#"{"std": [1, 1, 0]}"#, "\"image_std\" must hold numbers above 0"),
    (#"{"crop_border_pixels": 4}"#, "\"crop_border_pixels\" is not supported"),
  ])
  func namesWhatIsWrong(json: String, expected: String) {
    let error = #expect(throws: PreprocessorError.self) { try settings(json) }
    #expect(error.map { "\($0)".hasPrefix(expected) } == true, "\(String(describing: error))")
  }
}
