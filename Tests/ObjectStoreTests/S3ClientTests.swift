import TestSupport
import Testing
import Web

@testable import ObjectStore

extension S3Tests {
  @Suite struct S3ClientTests {
    private func failure(_ client: S3Client, prefix: String = "") async -> ObjectStoreError? {
      do throws(ObjectStoreError) {
        _ = try await client.objects(prefix: prefix)
        return nil
      } catch {
        return error
      }
    }

    @Test func listingsGoOnOverPages() async throws {
      let store = try S3Store.start()
      let whole = try await store.s3().objects(prefix: "m/")
      #expect(whole.count == 6 && whole.allSatisfy { $0.tag.count == 32 })
      #expect(whole.map(\.key).contains("m/minilm/1/weights/part one+ü.bin"))
      for size in 1...6 {
        var client = try store.s3()
        client.pageSize = size
        #expect(try await client.objects(prefix: "m/") == whole)
      }
      #expect(try await store.s3().objects(prefix: "nothing/").isEmpty)
    }

    @Test func refusalsSayWhatS3SaidAndWhatToDo() async throws {
      let store = try S3Store.start()
      let denied = await failure(try store.s3("secrets"))
      #expect(denied?.kind == .denied && denied?.code == "AccessDenied")
      #expect(denied?.reason.contains("s3:ListBucket") == true)
      let wrong = await failure(try store.s3(secret: "wrong"))
      #expect(wrong?.kind == .denied && wrong?.code == "SignatureDoesNotMatch")
      #expect(wrong?.reason.contains("AWS_SECRET_ACCESS_KEY") == true)
      let stranger = S3Client(
        try S3Bucket(
          "models", endpoint: store.endpoint,
          credentials: S3Credentials(accessKey: "AKIAUNKNOWN", secretKey: "x"), environment: [:]),
        client: store.client, sleep: { _ in })
      #expect(await failure(stranger)?.code == "InvalidAccessKeyId")
      #expect(await failure(stranger)?.reason.contains("wrong") == false)
    }

    @Test func aMissingBucketIsNamed() async throws {
      let store = try S3Store.start()
      // One's own, so that the store may say that it is not there.
      let missing = await failure(try store.s3("models-of-old"))
      #expect(missing?.kind == .notFound || missing?.kind == .denied)
      #expect(missing?.reason.contains("the bucket 'models-of-old'") == true)
    }

    @Test func aStoreThatCannotBeReachedIsNamed() async throws {
      var configuration = WebClient.Configuration()
      configuration.addresses = .everywhere
      let pauses = Counter()
      let client = S3Client(
        try S3Bucket("models", endpoint: "http://127.0.0.1:1", environment: [:]),
        client: try WebClient(configuration), sleep: { _ in await pauses.add() })
      let error = await failure(client)
      #expect(error?.kind == .unreachable)
      #expect(error?.reason.contains("127.0.0.1:1") == true)
      #expect(await pauses.count == RetrySchedule().tries - 1)
    }

    @Test func cancellingEndsTheTries() async throws {
      var configuration = WebClient.Configuration()
      configuration.addresses = .everywhere
      let web = try WebClient(configuration)
      let bucket = try S3Bucket("models", endpoint: "http://127.0.0.1:1", environment: [:])
      let client = S3Client(
        bucket, client: web, sleep: { _ in withUnsafeCurrentTask { $0?.cancel() } })
      let error = await Task { await failure(client) }.value
      #expect(error?.kind == .cancelled)
    }
  }
}

actor Counter {
  private(set) var count = 0
  func add() { count += 1 }
}
