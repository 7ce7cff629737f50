import Foundation
import TestSupport
import Testing
import Web

@testable import ObjectStore

/// What needs the one server, one after the other.
@Suite(.serialized, .timeLimit(.minutes(2))) enum S3Tests {}

/// moto's server with some models, and a source on it; see Servers/s3_server.py.
final class S3Store {
  let server: PythonServer
  let folder: String
  let client: WebClient

  /// - Returns: nil, after saying so, where the venv is not there.
  static func start() throws -> S3Store? {
    guard let server = try server.get() else { return nil }
    return try S3Store(server)
  }

  /// One for all tests, which run one after the other: it takes seconds to start.
  private static let server = Result { () throws -> PythonServer? in
    let models: [String: Int] = [
      "m/minilm/1/config.json": 10, "m/minilm/1/weights/part one+ü.bin": 3_000_000,
      "m/minilm/2/config.json": 11, "m/minilm/model.yaml": 5, "m/../escape": 1, "readme": 1,
      "m/empty/1/nothing": 0,
    ]
    let buckets = ["buckets": ["models": models, "secrets": ["x": 1]]]
    let argument = String(
      decoding: try JSONSerialization.data(withJSONObject: buckets), as: UTF8.self)
    return try PythonServer.start("s3_server.py", [argument], inVenv: true)
  }

  private init(_ server: PythonServer) throws {
    self.server = server
    folder = NSTemporaryDirectory() + "apus-models-\(UUID())"
    var configuration = WebClient.Configuration()
    configuration.addresses = .everywhere
    client = try WebClient(configuration)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var endpoint: String { "http://127.0.0.1:\(server.port)" }

  /// A client of a bucket, that does not wait between its tries.
  func s3(_ name: String = "models", secret: String? = nil) throws -> S3Client {
    S3Client(
      try S3Bucket(
        name, endpoint: endpoint,
        credentials: S3Credentials(
          accessKey: server.facts["access"] ?? "",
          secretKey: secret ?? server.facts["secret"] ?? ""),
        environment: [:]), client: client, sleep: { _ in })
  }

  /// Lets the next requests for objects go well again.
  func heal() async throws { try await fail("", times: 0) }

  func source(prefix: String = "m/") throws -> ModelBucket {
    try ModelBucket(try s3(), prefix: prefix, cache: folder)
  }

  /// Lets the next requests for objects go wrong.
  func fail(_ kind: String, times: Int) async throws {
    _ = try await client.send(
      WebRequest(.post, try WebURL("\(endpoint)/_fault?kind=\(kind)&times=\(times)")))
  }

  /// What is in a folder, hidden names too, sorted.
  func names(_ path: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder + path)) ?? []).sorted()
  }
}
