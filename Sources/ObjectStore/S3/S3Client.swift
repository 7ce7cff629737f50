internal import Glibc
package import Web

/// Lists and fetches the objects of one bucket.
package struct S3Client: Sendable {
  package let bucket: S3Bucket
  private let client: WebClient
  private let schedule: RetrySchedule
  private let sleep: @Sendable (Duration) async -> Void
  /// Most objects of one answer to a listing; S3 allows up to 1000.
  var pageSize = 1000

  /// - Parameters:
  ///   - client: one that may reach the store, which is often an internal address.
  ///   - sleep: comes back after that long, or sooner when the task is cancelled.
  package init(
    _ bucket: S3Bucket, client: WebClient, schedule: RetrySchedule = RetrySchedule(),
    sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
  ) {
    self.bucket = bucket
    self.client = client
    self.schedule = schedule
    self.sleep = sleep
  }

  /// Most objects of one listing.
  package static let objectLimit = 100_000

  /// The objects whose keys begin with `prefix`, sorted by key (ListObjectsV2).
  package func objects(prefix: String) async throws(ObjectStoreError) -> [StoredObject] {
    var objects: [StoredObject] = []
    var token: String?
    repeat {
      let page = try await page(prefix: prefix, after: token)
      objects += page.objects
      guard page.next == nil || page.next != token else {
        throw ObjectStoreError(.damaged, "S3's listing of \(what) goes round in circles")
      }
      token = page.next
      guard objects.count <= Self.objectLimit else {
        throw ObjectStoreError(
          .unusable,
          "\(what) holds over \(Self.objectLimit) objects below '\(prefix)'; use a narrower prefix")
      }
    } while token != nil
    return objects
  }

  private var what: String { "the bucket '\(bucket.name)'" }

  private func page(
    prefix: String, after token: String?
  ) async throws(ObjectStoreError) -> S3Document {
    var query: [(name: String, value: String)] = [
      ("list-type", "2"), ("max-keys", "\(pageSize)"), ("prefix", prefix),
    ]
    if let token { query.insert(("continuation-token", token), at: 0) }
    var request = try bucket.request(query: query)
    request.responseLimit = 8 << 20
    return try await retrying { [request] () async throws(ObjectStoreError) in
      let response = try await answered { () async throws(WebError) in
        try await client.send(request)
      }
      guard response.status == 200 else {
        throw ObjectStoreError(response, askingFor: what, of: bucket)
      }
      return try S3Document(response.body)
    }
  }

  /// Writes an object to a file from its start: the one that was listed, the whole of it.
  ///
  /// - Parameter descriptor: open for writing; what it held before is lost.
  /// - Throws: `.changed` when the object is another one by now.
  package func download(
    _ object: StoredObject, to descriptor: Int32
  ) async throws(ObjectStoreError) {
    var request = try bucket.request(object.key)
    request.headers.append(("If-Match", "\"\(object.tag)\""))
    request.responseLimit = object.size
    // However long it takes, if only bytes keep coming.
    request.timeouts.total = nil
    let what = "the object '\(object.key)' in \(what)"
    try await retrying { [request] () async throws(ObjectStoreError) in
      guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
        throw ObjectStoreError(.disk, "a file cannot be emptied: error \(errno)")
      }
      let response = try await answered { () async throws(WebError) in
        try await client.download(request, to: descriptor)
      }
      guard response.status == 200 else {
        throw ObjectStoreError(response, askingFor: what, of: bucket)
      }
      let tag = response.header("etag").map { String($0.filter { $0 != "\"" }) }
      guard tag == nil || tag == object.tag else {
        throw ObjectStoreError(.changed, "\(what) was replaced while it was fetched")
      }
      let written = lseek(descriptor, 0, SEEK_CUR)
      guard written == off_t(object.size) else {
        throw ObjectStoreError(
          .damaged, "\(what) came with \(written) bytes, and \(object.size) were listed")
      }
    }
  }

  private func answered(
    _ body: () async throws(WebError) -> WebResponse
  ) async throws(ObjectStoreError) -> WebResponse {
    do throws(WebError) { return try await body() } catch { throw ObjectStoreError(error) }
  }

  private func retrying<Result>(
    _ body: () async throws(ObjectStoreError) -> Result
  ) async throws(ObjectStoreError) -> Result {
    var tries = 0
    while true {
      tries += 1
      do throws(ObjectStoreError) { return try await body() } catch {
        guard error.isTransient,
          let pause = schedule.pause(after: tries, spread: .random(in: 0..<1))
        else { throw error }
        await sleep(pause)
        if Task.isCancelled { throw ObjectStoreError(.cancelled, "fetching was cancelled") }
      }
    }
  }
}
