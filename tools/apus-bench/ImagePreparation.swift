import Bytes
import Glibc
import Images

/// Pictures a second from a JPEG to what a model takes, beside Pillow and NumPy.
enum ImagePreparation {
  static let command = Command(
    name: "images", summary: "pictures: --picture FILE.jpg [--peer COMMAND] [--rounds 5]", run: run)

  static func run(_ options: Options, _ report: inout Report) throws {
    guard let path = options["picture"] else { throw BenchError("--picture FILE.jpg is missing") }
    let rounds = try options.integers("rounds", default: [5])[0]
    let peer = try options["peer"].map { command throws(BenchError) in try Peer(command) }
    if let peer {
      guard let name = peer.line() else { throw BenchError("the peer did not start") }
      print("peer: \(name)")
    }
    let file = try SmallFile.bytes(path, limit: 32 << 20)
    print("pictures/s on one thread, median (best) of \(rounds) alternating rounds")
    print("work                apus            pillow   ratio")
    for step in Step.allCases {
      let body = try step.body(file)
      var ours = Rates()
      var theirs = Rates()
      for _ in 0..<rounds {
        ours.add(try callsPerSecond(0.3, body))
        if let peer { theirs.add(try peer.ask("\(step.rawValue) 0.3")) }
      }
      report.add("apus", step.rawValue, threads: 1, "pictures/s", ours.median)
      report.add("apus", step.rawValue, threads: 1, "pictures/s best", ours.best)
      var line = column(step.rawValue, 7, left: true)
      line += column("\(fixed(ours.median)) (\(fixed(ours.best)))", 17)
      if peer != nil {
        report.add("pillow", step.rawValue, threads: 1, "pictures/s", theirs.median)
        report.add("pillow", step.rawValue, threads: 1, "pictures/s best", theirs.best)
        line += column("\(fixed(theirs.median)) (\(fixed(theirs.best)))", 18)
        line += column(fixed(ours.median / theirs.median, 2), 8)
      }
      print(line)
      fflush(nil)
    }
  }

  /// What is measured; the peer does the same under the same names.
  private enum Step: String, CaseIterable {
    /// The file to pixels.
    case decode
    /// The pixels to 224 × 224, bilinear.
    case resize
    /// The file to what CLIP takes: the shorter side to 224, bicubic, the middle of it, as f32.
    case prepare

    func body(_ file: [UInt8]) throws -> () throws -> Void {
      switch self {
      case .decode: return { _ = try unsafe Picture(decoding: file.span.bytes) }
      case .resize:
        let decoded = try unsafe Picture(decoding: file.span.bytes)
        let size = decoded.size
        let pixels = unsafe decoded.bytes.withUnsafeBufferPointer { unsafe Array($0) }
        let target = PixelSize(width: 224, height: 224)
        return {
          // With a copy, as resizing takes the picture; that is a twentieth of the time.
          _ = try Picture(width: size.width, height: size.height, pixels.span)
            .resized(to: target, by: .bilinear)
        }
      case .prepare:
        let preprocessor = try ImagePreprocessor(
          PreprocessorSettings(
            resizing: .shortestEdge(224), filter: .bicubic,
            crop: PixelSize(width: 224, height: 224),
            normalisation: .init(
              mean: [0.48145466, 0.4578275, 0.40821073],
              deviation: [0.26862954, 0.26130258, 0.27577711])))
        var output = [Float](repeating: 0, count: 3 * 224 * 224)
        return {
          var span = output.mutableSpan
          let header = try unsafe ImageHeader(file.span.bytes)
          try unsafe preprocessor.prepare(file.span.bytes, header, into: &span)
        }
      }
    }
  }
}
