internal import Caching
internal import Images
internal import REST
internal import RPC
internal import Web

extension ServerConfiguration: Settable {}

/// All that `apus serve` can be told. To add a setting is to add a line here and a row to
/// docs/configuration.md.
package enum ServerSettings {
  package typealias Entry = Setting<ServerConfiguration>

  package static let all: [Entry] =
    server + grpc + http + tls + accounts + limits + jobs + webhooks + log

  package static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  static let kibi = 1 << 10
  static let mebi = 1 << 20
  static let gibi = 1 << 30

  private static let server = [
    Entry(
      "models", in: .server,
      "folders of models, DIR/<name>/<version>/…, and buckets, s3://BUCKET/PREFIX, commas between",
      .sources(\.models)),
    Entry(
      "models-period", in: .server, "from one look at the models folder to the next",
      .time(\.modelsPeriod, .milliseconds(100)...(.seconds(86_400)))),
    Entry(
      "s3-cache", in: .server, "folder of models from buckets",
      .text(
        "DIR", \.s3.cache, expected: "a folder", unset: "-models beside --database")),
    Entry(
      "s3-cache-size", in: .server, "bytes of models from each bucket that are kept",
      .size(\.s3.cacheSize, mebi...524_288 * gibi)),
    Entry(
      "s3-period", in: .server, "from one listing of a bucket of models to the next",
      .time(\.s3.period, .milliseconds(100)...(.seconds(86_400)))),
    Entry(
      "readiness", in: .server, "how many models must answer to be ready", .choice(\.readiness)),
    Entry("loops", in: .server, "event loops", .count(\.loops, 1...256, unset: "one per core")),
    Entry(
      "threads", in: .server, "threads that compute",
      .count(\.threads, 1...256, unset: "one per core")),
    Entry(
      "max-long-texts", in: .server,
      "requests with long texts, large tensors or many rows that may wait",
      .count(\.longTexts, 1...100_000)),
    Entry(
      "max-image-size", in: .server, "largest file of a picture",
      .size(\.images.bytes, kibi...gibi)),
    Entry(
      "max-image-pixels", in: .server, "pixels of a picture, as it is or resized",
      .count(\.images.pixels, 1...(1 << 28))),
    Entry(
      "max-image-side", in: .server, "pixels of a picture's width, and of its height",
      .count(\.images.side, 1...65_535)),
    Entry(
      "max-waiting-images", in: .server, "requests with pictures that may wait",
      .count(\.pictures.requests, 1...100_000)),
    Entry(
      "max-waiting-pixels", in: .server, "pixels of all pictures that may wait",
      .count(\.pictures.waitingPixels, 1...(1 << 34))),
    Entry(
      "max-request-pixels", in: .server, "pixels of all pictures of a request",
      .count(\.pictures.requestPixels, 1...(1 << 34))),
    Entry(
      "image-threads", in: .server, "threads that decode pictures",
      .count(\.pictures.threads, 1...64, unset: "one per core, 2 to 4")),
    Entry(
      "cache-size", in: .server, "memory for answers of models that keep them; 0 keeps none",
      .size(\.cache.size, 0...1_024 * gibi)),
    Entry(
      "cache-entry-size", in: .server, "largest answer that is kept, with its request",
      .size(\.cache.entrySize, kibi...gibi)),
    Entry(
      "drain-delay", in: .server, "from SIGTERM and not ready to GOAWAY",
      .time(\.drainDelay, .zero...(.seconds(3_600))), change: .live),
    Entry(
      "drain-grace", in: .server, "from GOAWAY until all is closed",
      .time(\.drainGrace, .zero...(.seconds(86_400))), change: .live),
    Entry(
      "stuck-after", in: .server, "a batch this long means not ready",
      .time(\.stuckAfter, .milliseconds(100)...(.seconds(86_400)))),
  ]

  private static let log = [
    Entry("log-format", in: .log, "how log lines look (standard error)", .choice(\.logFormat)),
    Entry(
      "log-level", in: .log, "debug, info, warning or error",
      .choice(\.logLevel, "LEVEL", LogEntry.Level.allCases.map { ($0.name, $0) }), change: .live),
    Entry("call-log", in: .log, key: "calls", "which calls leave a line", .choice(\.callLog)),
  ]
}

extension SettingValue<ServerConfiguration> {
  /// Whether they can be looked at is another matter.
  fileprivate static func sources(_ path: Path<String>) -> Self {
    var value = Self("LIST", expected: "folders and s3://BUCKET/PREFIX with commas between") {
      $0[keyPath: path]
    } write: {
      root, text throws(SettingProblem) in
      if let problem = ServerConfiguration.problem(withModels: text) { throw .reason(problem) }
      root[keyPath: path] = text
    }
    value.unset = "./models if it is there"
    return value
  }
}
