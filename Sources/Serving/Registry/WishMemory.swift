internal import Accounts
internal import Bytes

/// What operators want of models, kept in the server's database from one start to the next. For the
/// keeper's thread, as databases block; changes are rare, so that each opens the file anew.
struct WishMemory: Sendable {
  /// The database's file; nil remembers nothing.
  let database: String?
  let log: Log

  /// By model.
  func recall() -> [String: ModelWishes] {
    guard let database, SmallFile.exists(database) else { return [:] }
    do throws(StoreError) { return try SQLiteStore(path: database).wishes() } catch {
      log.error(
        "labels and rollbacks of before are not in force, as they cannot be read",
        ("problem", .text(error.message)))
      return [:]
    }
  }

  func keep(_ wishes: ModelWishes, of model: String) {
    guard let database else { return }
    do throws(StoreError) { try SQLiteStore(path: database).keep(wishes, of: model) } catch {
      log.error(
        "a change of models is in force until the next start only, as it cannot be written",
        ("model", .text(model)), ("problem", .text(error.message)))
    }
  }
}
