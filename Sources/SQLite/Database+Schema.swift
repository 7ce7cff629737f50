/// What a database is for and how it came to its present form.
package struct Schema: Sendable {
  /// Marks the file as this purpose's (https://www.sqlite.org/pragma.html#pragma_application_id).
  package let applicationID: Int32
  /// SQL, oldest first; a step that was released is never changed, only followed by another.
  package let steps: [String]

  package init(applicationID: Int32, steps: [String]) {
    self.applicationID = applicationID
    self.steps = steps
  }
}

extension Database {
  /// Brings the file to the schema's newest form, in one transaction. A new file takes all steps.
  package func migrate(to schema: Schema) throws(SQLiteError) {
    // Without a lock first: the usual case, and all that a read-only connection can do.
    if try version(under: schema) == schema.steps.count { return }
    try transaction { () throws(SQLiteError) in
      // Looked at again, as another process may have been faster.
      let version = try version(under: schema)
      guard version < schema.steps.count else { return }
      for step in schema.steps[version...] { try execute(step) }
      try execute("PRAGMA application_id = \(schema.applicationID)")
      try execute("PRAGMA user_version = \(schema.steps.count)")
    }
  }

  /// How many steps the file has taken; throws for a file that is not this schema's.
  private func version(under schema: Schema) throws(SQLiteError) -> Int {
    let version = try value("PRAGMA user_version", as: Int.self) ?? 0
    let application = try value("PRAGMA application_id", as: Int64.self) ?? 0
    let tables = try value("SELECT count(*) FROM sqlite_schema", as: Int.self) ?? 0
    let isNew = application == 0 && version == 0 && tables == 0
    guard isNew || application == Int64(schema.applicationID) else {
      throw SQLiteError(kind: .foreign, path: path, reason: "it belongs to another program")
    }
    guard version <= schema.steps.count else {
      throw SQLiteError(
        kind: .newerSchema, path: path,
        reason: "its schema has version \(version), and this program knows up to "
          + "\(schema.steps.count)")
    }
    return version
  }
}
