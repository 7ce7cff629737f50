internal import Web

/// Models in a bucket, at `<prefix><model>/<version>/<file>`, fetched into a folder.
package struct S3ModelSource: ModelSource {
  private let client: S3Client
  private let prefix: String
  private let cache: ModelCache

  /// - Parameters:
  ///   - prefix: that the keys of all models begin with; empty, or with a slash at its end.
  ///   - cache: the folder that versions are fetched into, this server's alone.
  package init(
    _ client: S3Client, prefix: String = "", cache: String
  ) throws(ObjectStoreError) {
    guard prefix.isEmpty || prefix.hasSuffix("/"), !prefix.hasPrefix("/"),
      prefix.utf8.count <= 256
    else {
      throw ObjectStoreError(
        .settings,
        "the prefix '\(prefix)' must be empty or end with a slash and not begin with one")
    }
    self.client = client
    self.prefix = prefix
    self.cache = try ModelCache(path: cache)
  }

  package func listing() async throws(ObjectStoreError) -> SourceListing {
    SourceListing(try await client.objects(prefix: prefix), prefix: prefix)
  }

  package func fetch(_ version: SourcedVersion) async throws(ObjectStoreError) -> String {
    if try await !cache.holds(version) {
      let folder = try await cache.begin(version)
      do throws(ObjectStoreError) {
        for file in version.files { try await fetch(file, into: folder) }
        try await cache.commit(version, from: folder)
      } catch {
        await cache.abandon(folder)
        throw error
      }
    }
    if let settings = version.settings { try await fetch(settings, of: version) }
    return cache.folder(of: version)
  }

  private func fetch(_ file: SourcedFile, into folder: String) async throws(ObjectStoreError) {
    let descriptor = try await cache.create(file.path, in: folder)
    do throws(ObjectStoreError) {
      try await client.download(file.object, to: descriptor)
    } catch {
      try? await cache.finish(descriptor, file.path)
      throw error
    }
    try await cache.finish(descriptor, file.path)
  }

  /// The model's own settings are no part of a version, and may change.
  private func fetch(
    _ settings: SourcedFile, of version: SourcedVersion
  ) async throws(ObjectStoreError) {
    let folder = try await cache.begin(
      SourcedVersion(
        model: version.model, number: version.number, files: [settings], settings: nil))
    do throws(ObjectStoreError) {
      try await fetch(settings, into: folder)
      try await cache.move(
        "\(folder)/model.yaml", to: "\(cache.path)/\(version.model)/model.yaml")
    } catch {
      await cache.abandon(folder)
      throw error
    }
    await cache.abandon(folder)
  }
}
