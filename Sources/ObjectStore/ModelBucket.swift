internal import Web

/// Models in a bucket, at `<prefix><model>/<version>/<file>`, fetched into a folder.
package struct ModelBucket: Sendable {
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

  /// What is there now.
  package func listing() async throws(ObjectStoreError) -> SourceListing {
    SourceListing(try await client.objects(prefix: prefix), prefix: prefix)
  }

  /// Brings the files of a version to this machine, all or none.
  ///
  /// - Returns: what the cache holds then; what was fetched before is not fetched again.
  package func fetch(_ version: SourcedVersion) async throws(ObjectStoreError) -> CachedVersion {
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
    return CachedVersion(
      model: version.model, number: version.number, size: version.size,
      fingerprint: version.fingerprint, used: 0)
  }

  /// Brings a model's own settings, which are no part of a version and may change.
  ///
  /// - Parameter object: nil where there are none any more.
  package func fetchSettings(
    _ object: StoredObject?, of model: String
  ) async throws(ObjectStoreError) {
    guard let object else { return await cache.removeSettings(of: model) }
    let file = SourcedFile(path: "model.yaml", object: object)
    let folder = try await cache.begin(SourcedVersion(model: model, number: 0, files: [file]))
    do throws(ObjectStoreError) {
      try await fetch(file, into: folder)
      try await cache.moveSettings(from: folder, of: model)
    } catch {
      await cache.abandon(folder)
      throw error
    }
    await cache.abandon(folder)
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

  // MARK: The cache

  /// The versions on this machine. Blocks for as long as the disk takes; for the start.
  package func cached() throws(ObjectStoreError) -> [CachedVersion] {
    try ModelCache.contents(of: cache.path)
  }

  /// Where a version is or will be.
  package func folder(of model: String, _ number: Int) -> String {
    "\(cache.path)/\(model)/\(number)"
  }

  /// Where a model's settings are.
  package func folder(of model: String) -> String { "\(cache.path)/\(model)" }

  package func remove(_ version: CachedVersion) async throws(ObjectStoreError) {
    try await cache.remove(version)
  }

  /// Notes that a version is used, for the choice of what goes first.
  package func touch(_ model: String, _ number: Int) async { await cache.touch(model, number) }

  /// Bytes of what is being fetched that have come so far.
  package func incomingBytes() async -> Int { await cache.incomingBytes() }
}
