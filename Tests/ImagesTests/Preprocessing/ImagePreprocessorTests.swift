import Images
import JSON
import TestSupport
import Testing

@Suite struct ImagePreprocessorTests {
  private func prepare(
    _ file: String, _ settings: PreprocessorSettings, limits: ImageLimits = ImageLimits()
  ) throws -> [Float] {
    let preprocessor = try ImagePreprocessor(settings)
    let bytes = try picture(file)
    let header = try ImageHeader(bytes.span.bytes)
    let size = try preprocessor.outputSize(for: header.uprightSize, limits: limits)
    var output = [Float](repeating: .nan, count: size.count * preprocessor.channels)
    var span = output.mutableSpan
    try preprocessor.prepare(bytes.span.bytes, header, limits: limits, into: &span)
    return output
  }

  /// Bit for bit what Pillow and NumPy give by the steps of Hugging Face's processors.
  @Test(arguments: Goldens.preparations)
  func equalsTraining(golden: Goldens.Preparation) throws {
    let settings = try PreprocessorSettings(JSONDocument(golden.settings).root)
    let output = try prepare(golden.file, settings)
    #expect(output.count == golden.count)
    var digest = Digest()
    for value in output { digest.add(value.bitPattern) }
    #expect(digest.text == golden.digest)
  }

  @Test func orderAndLayoutOfChannels() throws {
    var settings = PreprocessorSettings(resizing: .none, scale: 1)
    let rgb = try decode(picture("rgb.png")).values().map(Float.init)
    let count = rgb.count / 3
    let planes = (0..<3).map { channel in (0..<count).map { rgb[3 * $0 + channel] } }
    #expect(try prepare("rgb.png", settings) == Array(planes.joined()))
    settings.channels = .bgr
    #expect(try prepare("rgb.png", settings) == Array(planes.reversed().joined()))
    settings.normalisation = PreprocessorSettings.Normalisation(
      mean: [1, 2, 3], deviation: [1, 1, 2])
    // One for each channel of what comes out: the first is blue's.
    #expect(
      try prepare("rgb.png", settings)
        == planes[2].map { $0 - 1 } + planes[1].map { $0 - 2 } + planes[0].map { ($0 - 3) / 2 })
    settings.layout = .channelsLast
    settings.channels = .rgb
    settings.normalisation = nil
    #expect(try prepare("rgb.png", settings) == rgb)
    settings.channels = .grey
    #expect(
      try prepare("rgb.png", settings) == decode(picture("rgb.png")).grey().values().map(Float.init)
    )
  }

  /// Of three pixels over, Hugging Face's processors leave one out on the near side; torchvision,
  /// whose rounding is Python's, two. Of one over both leave out none.
  @Test func whereTheMiddleLies() throws {
    var settings = PreprocessorSettings(resizing: .none, scale: 1)
    let whole = try decode(picture("rgb.png"))
    let values = whole.values().map(Float.init)
    for (over, near, nearest) in [(1, 0, 0), (2, 1, 1), (3, 1, 2), (4, 2, 2), (5, 2, 2)] {
      settings.crop = PixelSize(width: whole.size.width - over, height: whole.size.height - over)
      for (centring, start) in [(PreprocessorSettings.Centring.near, near), (.nearest, nearest)] {
        settings.centring = centring
        let first = try prepare("rgb.png", settings)[0]
        #expect(first == values[3 * (start * whole.size.width + start)])
      }
    }
  }

  /// A thin picture would be resized to a giant one: that is refused, unless only its middle is
  /// wanted.
  @Test func thinPicturesStayWithinLimits() throws {
    let limits = ImageLimits(pixels: 20_000, side: 300)
    var settings = PreprocessorSettings(resizing: .shortestEdge(224), filter: .bicubic)
    let error = #expect(throws: ImageError.self) {
      _ = try prepare("rgb.png", settings, limits: limits)
    }
    #expect(error?.code == .tooLarge)
    #expect(
      error?.reason
        == "the resized picture is 313 × 224 pixels; at most 300 to a side are allowed "
        + "(--max-image-side)")
    settings.crop = PixelSize(width: 10, height: 10)
    #expect(try prepare("rgb.png", settings, limits: limits).count == 300)
  }

  @Test func memoryIsForeseen() throws {
    let header = try ImagesTests.header(picture("rgb.png"))
    #expect(header.decodingBytes == 21 * 15 * 3)
    var settings = PreprocessorSettings(resizing: .exact(PixelSize(width: 100, height: 4)))
    // Columns go first: 21 × 4 pixels lie between the two.
    #expect(
      try ImagePreprocessor(settings).preparationBytes(for: header)
        == 3 * (21 * 15 + 21 * 4 + 2 * 400))
    settings.resizing = .exact(PixelSize(width: 2, height: 3))
    #expect(
      try ImagePreprocessor(settings).preparationBytes(for: header)
        == 3 * (21 * 15 + 2 * 15 + 2 * 6))
    let turned = try ImagesTests.header(picture("turned6.jpg"))
    #expect(turned.decodingBytes == 21 * 15 * 6)
  }

  @Test func fixedSizes() throws {
    var settings = PreprocessorSettings(resizing: .shortestEdge(20))
    #expect(try ImagePreprocessor(settings).fixedSize == nil)
    let size = try ImagePreprocessor(settings).outputSize(for: PixelSize(width: 640, height: 480))
    #expect(size == PixelSize(width: 26, height: 20))
    settings.crop = PixelSize(width: 12, height: 10)
    #expect(try ImagePreprocessor(settings).fixedSize == PixelSize(width: 12, height: 10))
    settings.crop = nil
    settings.resizing = .exact(PixelSize(width: 3, height: 4))
    #expect(try ImagePreprocessor(settings).fixedSize == PixelSize(width: 3, height: 4))
  }
}
