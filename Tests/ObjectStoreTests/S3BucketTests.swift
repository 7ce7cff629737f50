import Testing
import Web

@testable import ObjectStore

@Suite struct S3BucketTests {
  private func url(_ bucket: S3Bucket, _ key: String = "a b/ü+.bin") throws -> String {
    try bucket.request(key).url.text
  }

  @Test func addressesFollowTheStyle() throws {
    #expect(
      try url(S3Bucket("models", region: "eu-central-1", environment: [:]))
        == "https://models.s3.eu-central-1.amazonaws.com/a%20b/%C3%BC%2B.bin")
    #expect(
      try url(S3Bucket("my.models", environment: ["AWS_REGION": "eu-west-1"]), "k")
        == "https://s3.eu-west-1.amazonaws.com/my.models/k")
    #expect(
      try url(S3Bucket("models", endpoint: "http://minio:9000/", environment: [:]), "k")
        == "http://minio:9000/models/k")
    #expect(
      try url(
        S3Bucket("models", endpoint: "http://minio:9000", usesPathStyle: false, environment: [:]),
        "k") == "http://models.minio:9000/k")
    #expect(
      try url(S3Bucket("models", environment: ["AWS_ENDPOINT_URL": "http://[::1]:1"]), "k")
        == "http://[::1]:1/models/k")
  }

  @Test func theQueryIsEncodedAsItIsSigned() throws {
    let bucket = try S3Bucket("models", endpoint: "http://s3:1", environment: [:])
    let request = try bucket.request(query: [("a", "x/y +="), ("b", "")])
    #expect(request.url.text == "http://s3:1/models/?a=x%2Fy%20%2B%3D&b=")
  }

  @Test func credentialsComeFromSettingsOrEnvironment() throws {
    let environment = [
      "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
    ]
    let signature = try S3Bucket("models", environment: environment).request("k").signature
    #expect(signature?.accessKey == "id" && signature?.secretKey == "secret")
    #expect(signature?.sessionToken == "token" && signature?.region == "us-east-1")
    let own = S3Credentials(accessKey: "own", secretKey: "x")
    let bucket = try S3Bucket("models", credentials: own, environment: environment)
    #expect(try bucket.request("k").signature?.accessKey == "own")
    #expect(try S3Bucket("models", environment: [:]).request("k").signature == nil)
    #expect {
      try S3Bucket("models", environment: ["AWS_ACCESS_KEY_ID": "id"])
    } throws: { error in
      "\(error)".contains("AWS_SECRET_ACCESS_KEY is missing")
    }
  }

  @Test(arguments: [
    "", "ab", "Upper", "a/b", "..x", ".abc", "a..b", "a_b", String(repeating: "a", count: 64),
  ])
  func otherNamesAreNoBuckets(_ name: String) {
    #expect(throws: ObjectStoreError.self) { try S3Bucket(name, environment: [:]) }
  }

  @Test func otherEndpointsAndRegionsAreRefused() {
    for endpoint in ["minio:9000", "ftp://x", "http://u:p@x"] {
      #expect(throws: ObjectStoreError.self) {
        try S3Bucket("models", endpoint: endpoint, environment: [:])
      }
    }
    #expect(throws: ObjectStoreError.self) {
      try S3Bucket("models", region: "eu:s3", environment: [:])
    }
  }

  @Test func pausesGrowAndEnd() {
    var schedule = RetrySchedule()
    schedule.tries = 10
    for spread in [0, 0.5, 0.999] {
      let pauses = (1...10).map { schedule.pause(after: $0, spread: spread) }
      #expect(pauses[9] == nil)
      for (index, pause) in pauses.prefix(9).enumerated() {
        let whole = min(Duration.milliseconds(200) * (1 << index), .seconds(20))
        #expect((pause ?? .zero) >= whole / 2 && (pause ?? .zero) <= whole)
      }
    }
  }
}
