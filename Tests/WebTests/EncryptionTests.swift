import Foundation
import TestSupport
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(2))) struct EncryptionTests {
  @Test func onlyTrustedCertificatesOfTheRightNameAreTaken() async throws {
    let folder = URL(fileURLWithPath: NSTemporaryDirectory())
      .appendingPathComponent("apus-tls-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let openssl = Process()
    openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    openssl.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
      "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
      "\(folder)/key.pem", "-out", "\(folder)/cert.pem",
    ]
    openssl.standardError = FileHandle.nullDevice
    try openssl.run()
    openssl.waitUntilExit()
    let server = try #require(
      try PythonServer.start(
        "http_server.py", ["--tls", "\(folder)/cert.pem", "\(folder)/key.pem"]))

    var configuration = WebClient.Configuration()
    configuration.addresses = .everywhere
    let strangers = try WebClient(configuration)
    configuration.authorities = "\(folder)/cert.pem"
    let friends = try WebClient(configuration)
    func request(_ host: String) throws -> WebRequest {
      WebRequest(.get, try WebURL("https://\(host):\(server.port)/echo"))
    }
    #expect(try await friends.send(try request("localhost")).status == 200)
    for (client, host) in [(strangers, "localhost"), (friends, "127.0.0.1")] {
      await #expect {
        try await client.send(try request(host))
      } throws: { error in
        (error as? WebError)?.kind == .tls
      }
    }
  }
}
