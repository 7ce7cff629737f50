internal import Accounts

/// What operators want of models, kept in the server's database from one start to the next. For the
/// keeper's thread, as databases block; changes are rare, so that each opens the file anew.
struct WishMemory: Sendable {
  /// The database's file; nil remembers nothing.
  let database: String?
  /// What the configuration says of labels, by model: it wins over what was remembered.
  let configured: [String: [String: ModelWishes.Label]]
  let log: Log

  func recall() -> [String: ModelWishes] {
    var wishes: [String: ModelWishes] = [:]
    if let database {
      do throws(StoreError) { wishes = try SQLiteStore(path: database).wishes() } catch {
        log.error(
          "labels and rollbacks of before are not in force, as they cannot be read",
          ("problem", .text(error.message)))
      }
    }
    for (model, labels) in configured {
      wishes[model, default: ModelWishes()].labels.merge(labels) { _, configured in configured }
    }
    return wishes
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
