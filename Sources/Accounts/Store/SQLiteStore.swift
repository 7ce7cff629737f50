package import SQLite
import Synchronization

/// The store in an SQLite file. Each instance is one connection, used by one caller at a time; give
/// every thread its own.
package final class SQLiteStore: Store {
  /// A connection and the statements it has prepared so far.
  final class Connection {
    let database: Database
    private var statements: [String: Statement] = [:]

    init(_ database: Database) { self.database = database }

    /// The statement, prepared at its first use. Take it out of loops.
    func statement(_ sql: String) throws(SQLiteError) -> Statement {
      if let statement = statements[sql] { return statement }
      let statement = try database.prepare(sql)
      statements[sql] = statement
      return statement
    }
  }

  private let connection: Mutex<Connection>

  /// Opens the file, makes it if it is not there, and brings it to today's schema.
  ///
  /// - Parameter path: a file, or `:memory:` for what is forgotten with this instance.
  package init(path: String, options: Database.Options = Database.Options()) throws(StoreError) {
    do throws(SQLiteError) {
      let database = try Database(path: path, options: options)
      try database.migrate(to: Self.schema)
      connection = Mutex(Connection(database))
    } catch {
      throw StoreError(error)
    }
  }

  /// Runs `body` with the connection to itself.
  func use<Result>(
    _ body: (Connection) throws(SQLiteError) -> Result
  ) throws(StoreError) -> Result where Result: Sendable {
    let result = connection.withLock { connection -> Swift.Result<Result, SQLiteError> in
      do throws(SQLiteError) { return .success(try body(connection)) } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let value): return value
    case .failure(let error): throw StoreError(error)
    }
  }

  package func maintain() throws(StoreError) {
    _ = try use { connection throws(SQLiteError) in try connection.database.checkpoint() }
  }

  /// What is wrong inside the file; empty if it is sound. Reads all of it.
  package func checkIntegrity() throws(StoreError) -> [String] {
    try use { connection throws(SQLiteError) in try connection.database.checkIntegrity() }
  }
}

extension StoreError {
  init(_ error: SQLiteError) {
    self.init(error.isTransient ? .unavailable : .unusable, error.description)
  }
}
