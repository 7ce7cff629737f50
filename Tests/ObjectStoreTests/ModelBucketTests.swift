import Foundation
import TestSupport
import Testing
import Web

@testable import ObjectStore

extension S3Tests {
  @Suite struct ModelBucketTests {
    private func fetchFailure(
      _ source: ModelBucket, _ version: SourcedVersion
    ) async -> ObjectStoreError? {
      do throws(ObjectStoreError) {
        _ = try await source.fetch(version)
        return nil
      } catch {
        return error
      }
    }

    @Test func aVersionComesWholeAndOnce() async throws {
      guard let store = try S3Store.start() else { return }
      let source = try store.source()
      let listing = try await source.listing()
      #expect(
        listing.versions.map { "\($0.model) \($0.number)" } == ["empty 1", "minilm 1", "minilm 2"])
      #expect(listing.problems.count == 1 && listing.problems[0].contains("'../escape'"))
      let version = listing.versions[1]
      #expect(try await source.fetch(version).size == 3_000_010)
      try await source.fetchSettings(listing.settings["minilm"], of: "minilm")
      let folder = source.folder(of: "minilm", 1)
      #expect(folder == store.folder + "/minilm/1")
      #expect(store.names("/minilm") == ["1", "model.yaml"])
      #expect(store.names("/minilm/1") == [".fingerprint", "config.json", "weights"])
      let bytes = try Data(
        contentsOf: URL(fileURLWithPath: folder + "/weights/part one+ü.bin"))
      #expect(bytes.count == 3_000_000)
      #expect(bytes.enumerated().allSatisfy { Int($1) == $0 % 251 })
      #expect(store.names("/.incoming").isEmpty)
      // From here on the store is not asked for it.
      try await store.fail("slow", times: 1000)
      _ = try await source.fetch(version)
      #expect(try source.cached().map(\.number) == [1])
      #expect(try source.cached().first?.fingerprint == version.fingerprint)
      let empty = await fetchFailure(source, listing.versions[0])
      #expect(empty?.kind == .busy)
      try await store.heal()
    }

    @Test func fetchingTwiceAtOnceIsFetchingOnce() async throws {
      guard let store = try S3Store.start() else { return }
      let source = try store.source()
      let version = try await source.listing().versions[1]
      async let first = source.fetch(version)
      async let second = source.fetch(version)
      #expect(try await first == second)
      #expect(store.names("/.incoming").isEmpty)
    }

    @Test func anEmptyFileIsAFileToo() async throws {
      guard let store = try S3Store.start() else { return }
      let source = try store.source()
      let version = try #require(try await source.listing().versions.first)
      _ = try await source.fetch(version)
      let file = source.folder(of: "empty", 1) + "/nothing"
      #expect(try Data(contentsOf: URL(fileURLWithPath: file)).isEmpty)
    }

    @Test(arguments: [("cut", ObjectStoreError.Kind.damaged), ("slow", .busy)])
    func troubleIsTriedAgainAndLeavesNothing(
      _ fault: String, _ kind: ObjectStoreError.Kind
    ) async throws {
      guard let store = try S3Store.start() else { return }
      let source = try store.source()
      let version = try await source.listing().versions[1]
      try await store.fail(fault, times: RetrySchedule().tries)
      let error = await fetchFailure(source, version)
      #expect(error?.kind == kind, "\(String(describing: error))")
      #expect(store.names() == [".incoming"] && store.names("/.incoming").isEmpty)
      try await store.fail(fault, times: RetrySchedule().tries - 1)
      _ = try await source.fetch(version)
      #expect(store.names("/minilm/1") == [".fingerprint", "config.json", "weights"])
    }

    @Test func anObjectThatWasReplacedIsRefused() async throws {
      guard let store = try S3Store.start() else { return }
      let source = try store.source()
      let version = try await source.listing().versions[1]
      try await store.fail("swap", times: 1)
      #expect(await fetchFailure(source, version)?.kind == .changed)
      // Told by the store itself, by If-Match.
      let stale = SourcedVersion(
        model: "minilm", number: 1,
        files: version.files.map {
          let object = StoredObject(key: $0.object.key, size: $0.object.size, tag: "0f")
          return SourcedFile(path: $0.path, object: object)
        })
      let error = await fetchFailure(source, stale)
      #expect(error?.kind == .changed && error?.code == "PreconditionFailed")
      #expect(store.names("/.incoming").isEmpty)
    }

    @Test func aFetchedVersionNeverChanges() async throws {
      guard let store = try S3Store.start() else { return }
      let source = try store.source()
      let versions = try await source.listing().versions
      _ = try await source.fetch(versions[1])
      let other = SourcedVersion(
        model: "minilm", number: 1, files: versions[2].files)
      let error = await fetchFailure(source, other)
      #expect(error?.kind == .changed && error?.reason.contains("new number") == true)
    }

    @Test func cancellingEndsAFetchAndLeavesNothing() async throws {
      guard let store = try S3Store.start() else { return }
      let source = try store.source()
      let version = try await source.listing().versions[1]
      try await store.fail("hang", times: 1)
      let task = Task { await fetchFailure(source, version) }
      while store.names("/.incoming").isEmpty { try await Task.sleep(for: .milliseconds(2)) }
      task.cancel()
      #expect(await task.value?.kind == .cancelled)
      #expect(store.names("/.incoming").isEmpty)
    }

    @Test func theCacheIsOneServersAndCleansUpAfterACrash() async throws {
      let folder = NSTemporaryDirectory() + "apus-cache-\(UUID())"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let left = folder + "/.incoming/7/a/b"
      try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
      try Data("half".utf8).write(to: URL(fileURLWithPath: left + "/.x"))
      try FileManager.default.createSymbolicLink(
        atPath: left + "/link", withDestinationPath: NSTemporaryDirectory())
      let cache = try ModelCache(path: folder)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/.incoming").isEmpty)
      #expect(FileManager.default.fileExists(atPath: NSTemporaryDirectory()))
      #expect {
        try ModelCache(path: folder)
      } throws: { error in
        "\(error)".contains("another server fetches into \(folder)")
      }
      withExtendedLifetime(cache) {}
    }

    @Test func aDiskThatIsTooSmallIsNamedBeforeTheFirstByte() async throws {
      let folder = NSTemporaryDirectory() + "apus-cache-\(UUID())"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let cache = try ModelCache(path: folder)
      let object = StoredObject(key: "k", size: .max / 2, tag: "t")
      let huge = SourcedVersion(
        model: "m", number: 1, files: [SourcedFile(path: "x", object: object)])
      await #expect {
        try await cache.begin(huge)
      } throws: { error in
        (error as? ObjectStoreError)?.kind == .disk && "\(error)".contains("free some space")
      }
    }
  }
}
