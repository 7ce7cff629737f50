/// Bounds of a cache.
package struct CacheOptions: Sendable, Equatable {
  /// Memory for answers and their requests, in bytes; 0 is no cache.
  package var size = 64 << 20
  /// Most of one answer with its request; larger ones are not kept.
  package var entrySize = 1 << 20

  package init() {}

  /// Parts under locks of their own: one for each MiB, 16 at most, so that an entry of the largest
  /// size finds room in its part.
  var shards: Int {
    var shards = 1
    while shards < 16, size / (2 * shards) >= max(entrySize, 1 << 20) { shards *= 2 }
    return shards
  }
}
