import Foundation
import Jobs
import TestSupport
import Testing

@Suite struct WebhookSecretTests {
  @Test func theExampleOfTheSpecificationComesOut() throws {
    let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    #expect(secret.text == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    #expect(
      secret.signature(
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330,
        body: Array(#"{"test": 2432232314}"#.utf8))
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
  }

  @Test(arguments: [
    "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_abc!", "whsec_c2hvcnQ=",
  ])
  func othersAreNoSecrets(_ text: String) {
    #expect(WebhookSecret(text) == nil)
  }

  /// Checked by the specification's own library, with the old and the new secret of a rotation.
  @Test(.enabled(if: PythonServer.hasVenv, "tools/setup makes .venv"))
  func theReferenceLibraryTakesOurSignatures() throws {
    let python = try #require(PythonServer.interpreter(inVenv: true))
    let old = WebhookSecret(master: [1], owner: "alice")
    let new = WebhookSecret(master: [2], owner: "alice")
    let stranger = WebhookSecret(master: [1], owner: "bob")
    let body = Array(#"{"type":"job.succeeded","data":{"id":"job_é"}}"#.utf8)
    let headers = WebhookSecret.headers(
      id: "msg_1", timestamp: Int64(Date().timeIntervalSince1970), body: body,
      secrets: [new, old])
    let script = """
      import json, sys
      from standardwebhooks import Webhook, WebhookVerificationError
      case = json.load(sys.stdin)
      def taken(secret, body):
          try:
              Webhook(secret).verify(body, case["headers"])
              return True
          except WebhookVerificationError:
              return False
      body = case["body"].encode()
      print(json.dumps([taken(s, body) for s in case["secrets"]]
                       + [taken(case["secrets"][0], body + b" ")]))
      """
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", script]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let question: [String: Any] = [
      "headers": Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) }),
      "body": String(decoding: body, as: UTF8.self),
      "secrets": [new.text, old.text, stranger.text],
    ]
    input.fileHandleForWriting.write(try JSONSerialization.data(withJSONObject: question))
    try input.fileHandleForWriting.close()
    let answer = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(
      try JSONSerialization.jsonObject(with: answer) as? [Bool] == [true, true, false, false])
  }
}
