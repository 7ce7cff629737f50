internal import Crypto
internal import SQLite
package import Time

extension WebhookSecret {
  /// An owner's secrets, the newest first, read from a database of jobs that a server may be
  /// working on.
  package static func all(
    of owner: String, inFile path: String, at time: UnixTime
  ) throws(JobQueueError) -> [WebhookSecret] {
    let first: [UInt8]
    do throws(SecureRandomError) { first = try SecureRandom.bytes(32) } catch {
      throw JobQueueError(error)
    }
    do throws(SQLiteError) {
      let tables = try JobTables(path: path, limits: JobLimits(), notice: JobNotice.brief)
      return try tables.masters(at: time, first: first).map {
        WebhookSecret(master: $0, owner: owner)
      }
    } catch {
      throw JobQueueError(error)
    }
  }
}
