/// What an answer depends on: a loaded model version, and the request in its canonical form. Keys
/// are equal where both are, byte for byte; the digest only finds them.
package struct CacheKey: Sendable, Hashable {
  /// The loading of a version that computes the answer: no two of a process share a number, so
  /// whatever takes a version's place, even one of the same name and number, starts empty.
  package let generation: UInt64
  /// Whatever else changes the answer, and nothing that does not.
  package let request: [UInt8]
  let digest: Int

  package init(generation: UInt64, request: [UInt8]) {
    // Seeded anew in each process: nobody can make up requests that share a digest.
    var hasher = Hasher()
    hasher.combine(generation)
    unsafe request.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    self.init(generation: generation, request: request, digest: hasher.finalize())
  }

  init(generation: UInt64, request: [UInt8], digest: Int) {
    self.generation = generation
    self.request = request
    self.digest = digest
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(digest) }

  package static func == (left: CacheKey, right: CacheKey) -> Bool {
    left.digest == right.digest && left.generation == right.generation
      && left.request == right.request
  }
}
