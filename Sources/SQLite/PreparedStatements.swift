/// A connection's statements, each prepared at its first use.
///
/// They keep the connection open, so they stand beside it, not within.
package final class PreparedStatements {
  private let database: Database
  private var statements: [String: Statement] = [:]

  package init(_ database: Database) { self.database = database }

  /// To be taken out of loops.
  package subscript(sql: String) -> Statement {
    get throws(SQLiteError) {
      if let statement = statements[sql] { return statement }
      let statement = try database.prepare(sql)
      statements[sql] = statement
      return statement
    }
  }
}
