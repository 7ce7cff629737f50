import Foundation
import Testing

@testable import ObjectStore

@Suite struct S3CredentialsTests {
  private let file = NSTemporaryDirectory() + "apus-credentials-\(UUID())"

  private func found(
    _ text: String, _ more: [String: String] = [:]
  ) throws -> S3Credentials? {
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    return try S3Credentials.found(
      more.merging(["AWS_SHARED_CREDENTIALS_FILE": file]) { first, _ in first })
  }

  @Test func theProfileIsTakenAsAmazonsToolsWriteIt() throws {
    let text = """
      # mine
      [default]
      aws_access_key_id = ONE
      aws_secret_access_key=a/b+c==

      [ other ]
      aws_access_key_id\t=\tTWO
      ; commented = out
      aws_secret_access_key = s
      aws_session_token = t
      """
    let first = try #require(try found(text))
    #expect(first.accessKey == "ONE" && first.secretKey == "a/b+c==" && first.sessionToken == nil)
    let other = try #require(try found(text, ["AWS_PROFILE": "other"]))
    #expect(other.accessKey == "TWO" && other.secretKey == "s" && other.sessionToken == "t")
    #expect("\(other)" == "credentials of TWO")
  }

  @Test func theEnvironmentWins() throws {
    let environment = ["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S"]
    let text = "[default]\naws_access_key_id = F\naws_secret_access_key = s"
    #expect(try found(text, environment)?.accessKey == "E")
  }

  @Test(arguments: [
    ("[default]\naws_access_key_id = A", [:], "needs both"),
    ("[other]\naws_access_key_id = A", [:], "no profile [default]"),
    ("[default]\n", ["AWS_PROFILE": "mine"], "no profile [mine]"),
  ])
  func whatIsMissingIsNamed(
    _ text: String, _ environment: [String: String], _ reason: String
  ) {
    #expect {
      try found(text, environment)
    } throws: {
      "\($0)".contains(reason)
    }
  }

  @Test func withoutAnyThereAreNone() throws {
    #expect(try S3Credentials.found([:]) == nil)
    #expect(try S3Credentials.found(["HOME": "/nonexistent"]) == nil)
    #expect(throws: ObjectStoreError.self) {
      try S3Credentials.found(["AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"])
    }
  }
}
