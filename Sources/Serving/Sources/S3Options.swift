/// Models from S3: what a server can be told of them. Who asks, and where, stands in the
/// environment, as for every client of S3.
package struct S3Options: Sendable {
  /// The folder of what was fetched; nil is one beside the database.
  package var cache: String?
  /// Bytes that it may hold.
  package var cacheSize = 20 << 30
  /// From one listing of a bucket to the next.
  package var period = Duration.seconds(30)
  /// From one line in the log to the next while a version is fetched.
  var progressPeriod = Duration.seconds(10)

  package init() {}

  /// - Parameter database: the server's; nil for memory.
  func cache(besides database: String?) -> String {
    if let cache { return cache }
    let name = database ?? "apus.db"
    return (name.hasSuffix(".db") ? String(name.dropLast(3)) : name) + "-models"
  }
}
