import Testing

@testable import Serving

@Suite struct SourceAddressTests {
  @Test func foldersAndBucketsStandInOneList() throws {
    #expect(try SourceAddress.list("models") == [.folder("models")])
    #expect(
      try SourceAddress.list("/a/b,s3://bucket,s3://other/deep/er,s3://third/x/")
        == [
          .folder("/a/b"), .bucket("bucket", prefix: ""), .bucket("other", prefix: "deep/er/"),
          .bucket("third", prefix: "x/"),
        ])
    #expect(try SourceAddress.list("s3://b/p").map(\.name) == ["s3://b/p/"])
  }

  @Test(arguments: [
    ("", "expected 1 to 16"), ("gs://bucket", "neither a folder nor s3://"),
    ("s3://a/x,s3://a/x/", "twice"), ("a,a", "twice"),
    ((0...16).map { "d\($0)" }.joined(separator: ","), "expected 1 to 16"),
  ])
  func whatIsNoneIsRefused(_ text: String, _ reason: String) {
    #expect {
      try SourceAddress.list(text)
    } throws: {
      "\($0)".contains(reason)
    }
  }

  @Test func theCacheIsBesideTheDatabase() {
    var options = S3Options()
    #expect(options.cache(besides: "/data/apus.db") == "/data/apus-models")
    #expect(options.cache(besides: "keys") == "keys-models")
    #expect(options.cache(besides: nil) == "apus-models")
    options.cache = "/cache"
    #expect(options.cache(besides: "/data/apus.db") == "/cache")
  }
}
