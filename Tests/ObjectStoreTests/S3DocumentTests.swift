import TestSupport
import Testing

@testable import ObjectStore

@Suite struct S3DocumentTests {
  private let listing = """
    <?xml version="1.0" encoding="UTF-8"?>
    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
    <IsTruncated>true</IsTruncated><NextContinuationToken>1/x+&amp;=</NextContinuationToken>
    <Contents><Key>a &lt;é&gt;</Key><Size>12</Size><ETag>&quot;0f&quot;</ETag>
    <Owner><ID>Key</ID></Owner></Contents>
    <Contents><Key>b</Key><Size>0</Size><ETag>"1f-2"</ETag></Contents></ListBucketResult>
    """

  @Test func aListingIsRead() throws {
    let document = try S3Document(Array(listing.utf8))
    #expect(document.next == "1/x+&=")
    #expect(
      document.objects == [
        StoredObject(key: "a <é>", size: 12, tag: "0f"),
        StoredObject(key: "b", size: 0, tag: "1f-2"),
      ])
    let last = listing.replacing("<IsTruncated>true", with: "<IsTruncated>false")
    #expect(try S3Document(Array(last.utf8)).next == nil)
  }

  @Test func anErrorIsRead() throws {
    let text =
      "<Error><Code>AccessDenied</Code><Message>No.</Message><RequestId>1</RequestId></Error>"
    let document = try S3Document(Array(text.utf8))
    #expect(document.code == "AccessDenied" && document.message == "No.")
  }

  @Test(arguments: [
    "", "<", "<html><body>502</body></html>", "<Error><Code>x</Error>", "{}",
    "<!DOCTYPE x [<!ENTITY a \"b\">]><Error><Code>&a;</Code></Error>", "<Error/><Error/>",
  ])
  func othersAreRefused(_ text: String) {
    #expect { try S3Document(Array(text.utf8)) } throws: { error in
      (error as? ObjectStoreError)?.kind == .damaged
    }
  }

  @Test func damageNeverCrashes() {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<2000 { _ = try? S3Document(Mutation.mutate(Array(listing.utf8), &generator)) }
  }
}
