internal import CSQLite

/// A prepared statement: bind, step through its rows, reset, again. Belongs to its connection's
/// thread, and keeps the connection open.
@safe
package final class Statement {
  private let database: Database
  private let handle: OpaquePointer

  init(_ sql: String, on database: Database) throws(SQLiteError) {
    var prepared: OpaquePointer?
    let code = unsafe sqlite3_prepare_v3(
      database.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
    guard code == SQLITE_OK else { throw database.error(code, "cannot prepare a statement") }
    guard let handle = unsafe prepared else {
      throw SQLiteError(kind: .misuse, path: database.path, reason: "an empty statement")
    }
    self.database = database
    unsafe self.handle = handle
  }

  deinit { unsafe _ = sqlite3_finalize(handle) }

  /// Sets all parameters, in order, and makes the statement ready to run from its start.
  @discardableResult
  package func bind<each Value: ColumnValue>(
    _ values: repeat each Value
  ) throws(SQLiteError) -> Statement {
    unsafe sqlite3_reset(handle)
    var index: Int32 = 0
    for value in repeat each values {
      index += 1
      let code = unsafe value.bind(to: ColumnSlot(statement: handle, index: index))
      guard code == SQLITE_OK else { throw database.error(code, "cannot bind a value") }
    }
    let wanted = unsafe sqlite3_bind_parameter_count(handle)
    guard index == wanted else {
      throw SQLiteError(
        kind: .misuse, path: database.path,
        reason: "\(index) values for a statement of \(wanted) parameters")
    }
    return self
  }

  /// Moves to the next row.
  ///
  /// - Returns: false when there is none; the statement is then ready to be bound again, and holds
  ///   no lock.
  package func step() throws(SQLiteError) -> Bool {
    let code = unsafe sqlite3_step(handle)
    if code == SQLITE_ROW { return true }
    let failure = code == SQLITE_DONE ? nil : database.error(code, "statement failed")
    unsafe sqlite3_reset(handle)
    if let failure { throw failure }
    return false
  }

  /// Runs to the end, whatever rows there are.
  package func run() throws(SQLiteError) { while try step() {} }

  /// Ends a walk through rows before the last, so that it holds no lock.
  package func reset() { unsafe _ = sqlite3_reset(handle) }

  /// A column of the row that `step` moved to, from 0. Optional types read NULL as nil, others as
  /// zero or empty; STRICT tables with NOT NULL columns make that impossible.
  package subscript<Value: ColumnValue>(_ index: Int) -> Value {
    unsafe Value(column: ColumnSlot(statement: handle, index: Int32(index)))
  }
}

/// A parameter (from 1) or a column (from 0) of a statement.
@unsafe package struct ColumnSlot {
  let statement: OpaquePointer
  var index: Int32
}
