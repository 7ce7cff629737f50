import Images
import JSON
import Testing

@Suite struct PreprocessorSettingsTests {
  private func settings(_ json: String) throws -> PreprocessorSettings {
    try PreprocessorSettings(JSONDocument(json).root)
  }

  private func error(_ json: String) -> String? {
    do {
      _ = try settings(json)
      return nil
    } catch {
      return "\(error)"
    }
  }

  private static let half = #""image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]"#
  private static let normalisation = PreprocessorSettings.Normalisation(
    mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])

  @Test func aFileOfToday() throws {
    let found = try settings(
      """
      {"crop_size": null, "data_format": "channels_first", "default_to_square": true,
       "device": null, "disable_grouping": null, "do_center_crop": null, "do_convert_rgb": null,
       "do_normalize": true, "do_pad": null, "do_rescale": true, "do_resize": true,
       \(Self.half), "image_processor_type": "ViTImageProcessorFast", "pad_size": null,
       "resample": 2, "rescale_factor": 0.00392156862745098,
       "size": {"height": 224, "width": 196}}
      """)
    #expect(
      found
        == PreprocessorSettings(
          resizing: .exact(PixelSize(width: 196, height: 224)), filter: .bilinear,
          scale: 0.00392156862745098, normalisation: Self.normalisation))
  }

  /// Files from before sizes had two sides say what they mean by their processor's name.
  @Test func filesOfOld() throws {
    let vit = try settings(
      #"{"do_normalize": true, "do_resize": true, "feature_extractor_type": "#
        + #""ViTFeatureExtractor", "size": 224, \#(Self.half)}"#)
    #expect(vit.resizing == .exact(PixelSize(width: 224, height: 224)))
    #expect(vit.crop == nil)
    #expect(vit.filter == .bilinear)
    #expect(vit.scale == 1.0 / 255)
    let clip = try settings(
      #"{"crop_size": 224, "feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "#
        + #"\#(Self.half)}"#)
    #expect(clip.resizing == .shortestEdge(224))
    #expect(clip.crop == PixelSize(width: 224, height: 224))
    #expect(clip.filter == .bicubic)
    let resnet = try settings(
      #"{"crop_pct": 0.875, "feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "#
        + #""resample": 3, \#(Self.half)}"#)
    #expect(resnet.resizing == .shortestEdge(256))
    #expect(resnet.crop == PixelSize(width: 224, height: 224))
    #expect(resnet.filter == .bicubic)
  }

  @Test func aFileWithoutAProcessor() throws {
    let found = try settings(#"{"size": [30, 20], "resample": 0, "do_rescale": false}"#)
    #expect(
      found
        == PreprocessorSettings(
          resizing: .exact(PixelSize(width: 20, height: 30)), filter: .nearest, scale: 1))
    #expect(try settings("{}") == PreprocessorSettings(resizing: .none))
    #expect(
      error(#"{"size": 30}"#)
        == #""resample" is missing; 0 is nearest, 1 Lanczos, 2 bilinear, 3 bicubic, 4 box, "#
        + "5 Hamming")
  }

  @Test func greyModels() throws {
    let found = try settings(
      #"{"size": 28, "resample": 2, "image_mean": [0.1307], "image_std": [0.3081]}"#)
    #expect(found.channels == .grey)
    #expect(found.normalisation?.mean == [0.1307])
    let one = try settings(#"{"size": 28, "resample": 2, "image_mean": 0.5, "image_std": 0.5}"#)
    #expect(one.channels == .rgb)
    #expect(one.normalisation == Self.normalisation)
  }

  @Test(arguments: [
    (#"{"do_thumbnail": true}"#, #""do_thumbnail" is not supported; supported are crop_pct, "#),
    (
      #"{"image_processor_type": "DonutImageProcessor"}"#,
      #""image_processor_type" is DonutImageProcessor; supported are BeitImageProcessor, "#
    ),
    (#"{"image_processor_type": 3}"#, #""image_processor_type" must be a string"#),
    (#"{"do_resize": 1}"#, #""do_resize" must be true or false"#),
    (#"{"do_resize": true}"#, #""size" is missing"#),
    (#"{"size": 0}"#, #""size" must be an integer from 1 to 4096"#),
    (#"{"size": {"height": 3, "width": 5000}}"#, #""size" must be an integer from 1 to 4096"#),
    (#"{"size": {"longest_edge": 3}}"#, #""size" must be {"height": h, "width": w}, "#),
    (#"{"size": {"shortest_edge": 3, "longest_edge": 9}}"#, #""size" must be {"height": h, "#),
    (#"{"size": {"height": 3}}"#, #""size" must be {"height": h, "width": w}, "#),
    (#"{"size": "large"}"#, #""size" must be {"height": h, "width": w}, "#),
    (#"{"size": 3, "resample": 6}"#, #""resample" must be an integer from 0 to 5"#),
    (#"{"do_center_crop": true}"#, #""crop_size" must be {"height": h, "width": w}, [h, w]"#),
    (#"{"rescale_factor": "1/255"}"#, #""rescale_factor" must be a number"#),
    (#"{"rescale_factor": 0}"#, #""rescale_factor" is 0.0; it must be a number above 0"#),
    (#"{"do_normalize": true}"#, #""image_mean" is missing"#),
    (
      #"{"image_mean": [0.5, 0.5], "image_std": 1}"#, #""image_mean" must be a number, or an array"#
    ),
    (#"{"image_mean": 0.5, "image_std": [1, 1, 0]}"#, #""image_std" must hold numbers above 0"#),
    (#"{"image_mean": [0.5], "image_std": 1}"#, #""image_std" has 3 numbers; there is one for "#),
    (#"{"data_format": "none"}"#, #""data_format" must be channels_first or channels_last"#),
    (
      #"{"image_processor_type": "ConvNextImageProcessor", "size": 224, "crop_pct": 0, "#
        + #""do_normalize": false}"#, #""crop_pct" is 0.0; it must be above 0.1 and at most 1"#
    ),
    ("[]", #""preprocessor_config.json" must hold an object"#),
  ])
  func mistakesAreNamed(json: String, expected: String) {
    #expect(error(json)?.hasPrefix(expected) == true, "\(error(json) ?? "no error")")
  }

  @Test func whatIsSetByHandIsChecked() {
    func key(_ settings: PreprocessorSettings) -> String? {
      do throws(PreprocessorError) {
        try settings.check()
        return nil
      } catch { return error.key }
    }
    var settings = PreprocessorSettings(resizing: .shortestEdge(224))
    #expect(key(settings) == nil)
    settings.crop = PixelSize(width: 0, height: 3)
    #expect(key(settings) == "crop_size")
    settings.crop = nil
    settings.resizing = .exact(PixelSize(width: 5000, height: 3))
    #expect(key(settings) == "size")
    settings.resizing = .none
    settings.scale = .nan
    #expect(key(settings) == "rescale_factor")
    settings.scale = 1
    settings.channels = .grey
    settings.normalisation = Self.normalisation
    #expect(key(settings) == "image_mean")
    settings.normalisation = .init(mean: [.infinity], deviation: [1])
    #expect(key(settings) == "image_mean")
    settings.normalisation = .init(mean: [0], deviation: [-1])
    #expect(key(settings) == "image_std")
  }
}
