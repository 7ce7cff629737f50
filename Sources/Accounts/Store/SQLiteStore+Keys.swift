package import Crypto
internal import SQLite
package import Time

extension SQLiteStore {
  package func keysVersion() throws(StoreError) -> Int64 {
    try use { connection throws(SQLiteError) in try connection.keysVersion() }
  }

  package func keys() throws(StoreError) -> (keys: [StoredKey], version: Int64) {
    try use { connection throws(SQLiteError) in
      // One transaction, so that the keys are those of the version.
      try connection.database.execute("BEGIN")
      defer { try? connection.database.execute("COMMIT") }
      return (try connection.keys(), try connection.keysVersion())
    }
  }

  package func insert(_ key: StoredKey) throws(StoreError) -> Bool {
    try use { connection throws(SQLiteError) in
      try connection.database.transaction { () throws(SQLiteError) in
        guard try connection.key(key.id) == nil else { return false }
        try connection.insert(key)
        return true
      }
    }
  }

  package func revoke(_ id: KeyID, at time: UnixTime) throws(StoreError) -> StoredKey? {
    try use { connection throws(SQLiteError) in
      try connection.database.transaction { () throws(SQLiteError) in
        try connection.statement("UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL")
          .bind(time.microseconds, "\(id)").run()
        return try connection.key(id)
      }
    }
  }

  package func rotate(
    _ id: KeyID, to digest: Digest256, keepingPreviousUntil until: UnixTime
  ) throws(StoreError) -> StoredKey? {
    try use { connection throws(SQLiteError) in
      try connection.database.transaction { () throws(SQLiteError) in
        try connection.statement(
          """
          UPDATE keys SET previous_digest = digest, previous_until = ?, digest = ?
          WHERE id = ? AND revoked IS NULL
          """
        ).bind(until.microseconds, digest.bytes, "\(id)").run()
        return connection.database.changes == 0 ? nil : try connection.key(id)
      }
    }
  }
}

extension SQLiteStore.Connection {
  fileprivate func keysVersion() throws(SQLiteError) -> Int64 {
    let statement = try statement("SELECT version FROM key_version")
    defer { statement.reset() }
    return try statement.step() ? statement[0] : 0
  }

  fileprivate func keys() throws(SQLiteError) -> [StoredKey] {
    let models = try models()
    let limits = try limits()
    let statement = try statement("SELECT \(Self.columns) FROM keys ORDER BY number").bind()
    var keys: [StoredKey] = []
    while try statement.step() {
      let id: String = statement[0]
      if let key = Self.key(from: statement, models: models[id], limits: limits[id]) {
        keys.append(key)
      }
    }
    return keys
  }

  fileprivate func key(_ id: KeyID) throws(SQLiteError) -> StoredKey? {
    let models = try models(of: id)["\(id)"]
    let limits = try limits(of: id)["\(id)"]
    let statement = try statement("SELECT \(Self.columns) FROM keys WHERE id = ?").bind("\(id)")
    defer { statement.reset() }
    return try statement.step() ? Self.key(from: statement, models: models, limits: limits) : nil
  }

  private static let columns =
    "id, digest, previous_digest, previous_until, owner, email, created, expires, revoked, "
    + "is_admin, all_models, own_limits"

  /// - Returns: nil for a row that this program would not have written.
  private static func key(
    from row: Statement, models: [String]?, limits: [String: Limits]?
  ) -> StoredKey? {
    guard let id = KeyID(row[0]), let digest = Digest256(row[1]) else { return nil }
    let previous: Digest256? = (row[2] as [UInt8]?).flatMap { Digest256($0) }
    let until = (row[3] as Int64?).map(UnixTime.init(microseconds:))
    var limits = limits ?? [:]
    let whole = limits.removeValue(forKey: "")
    return StoredKey(
      id: id,
      secrets: KeySecrets(
        current: digest, previous: previous.flatMap { old in until.map { (old, $0) } }),
      owner: row[4], email: row[5], created: UnixTime(microseconds: row[6]),
      expires: (row[7] as Int64?).map(UnixTime.init(microseconds:)),
      revoked: (row[8] as Int64?).map(UnixTime.init(microseconds:)), isAdmin: row[9],
      models: row[10] ? .all : .only(models ?? []),
      limits: row[11] ? LimitPlan(whole ?? .unlimited, models: limits) : nil)
  }

  /// The models that keys name, by key.
  ///
  /// - Parameter id: nil for all keys.
  private func models(of id: KeyID? = nil) throws(SQLiteError) -> [String: [String]] {
    let statement = try statement(
      "SELECT key, model FROM key_models WHERE ?1 IS NULL OR key = ?1 ORDER BY key, model"
    ).bind(id?.description)
    var models: [String: [String]] = [:]
    while try statement.step() { models[statement[0], default: []].append(statement[1]) }
    return models
  }

  /// The limits that keys have, by key and model.
  private func limits(of id: KeyID? = nil) throws(SQLiteError) -> [String: [String: Limits]] {
    let statement = try statement(
      """
      SELECT key, model, requests, window, tokens_per_minute, concurrent, monthly_requests,
        monthly_tokens FROM key_limits WHERE ?1 IS NULL OR key = ?1
      """
    ).bind(id?.description)
    var limits: [String: [String: Limits]] = [:]
    while try statement.step() {
      limits[statement[0], default: [:]][statement[1]] = Limits(
        requests: statement[2], window: statement[3], tokensPerMinute: statement[4],
        concurrent: statement[5], monthlyRequests: statement[6], monthlyTokens: statement[7])
    }
    return limits
  }

  fileprivate func insert(_ key: StoredKey) throws(SQLiteError) {
    try statement(
      "INSERT INTO keys (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ).bind(
      "\(key.id)", key.secrets.current.bytes, key.secrets.previous?.digest.bytes,
      key.secrets.previous?.until.microseconds, key.owner, key.email, key.created.microseconds,
      key.expires?.microseconds, key.revoked?.microseconds, key.isAdmin, key.models == .all,
      key.limits != nil
    ).run()
    if case .only(let names) = key.models {
      let insertion = try statement("INSERT INTO key_models VALUES (?, ?)")
      for name in names { try insertion.bind("\(key.id)", name).run() }
    }
    guard let plan = key.limits else { return }
    try insert(plan.whole, of: key.id, model: "")
    for (model, limits) in plan.models { try insert(limits, of: key.id, model: model) }
  }

  private func insert(
    _ limits: Limits, of id: KeyID, model: String
  ) throws(SQLiteError) {
    try statement("INSERT INTO key_limits VALUES (?, ?, ?, ?, ?, ?, ?, ?)").bind(
      "\(id)", model, limits.requests, limits.window, limits.tokensPerMinute, limits.concurrent,
      limits.monthlyRequests, limits.monthlyTokens
    ).run()
  }
}
