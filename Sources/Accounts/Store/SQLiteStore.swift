package import SQLite
internal import Synchronization

/// The store in an SQLite file. Each instance is one connection, used by one caller at a time; give
/// every thread its own.
package final class SQLiteStore: Store {
  /// A connection and the statements it has prepared so far.
  final class Connection {
    let database: Database
    private let statements: PreparedStatements

    init(_ database: Database) {
      self.database = database
      statements = PreparedStatements(database)
    }

    /// The statement, prepared at its first use. Take it out of loops.
    func statement(_ sql: String) throws(SQLiteError) -> Statement { try statements[sql] }

    /// Figures that are to be written; nil where this connection does not know them.
    var unsaved: UnsavedFigures?

    private var names: [String: Int] = [:]
    /// Names that are remembered at most.
    private static let nameBound = 4096

    /// The number that stands for a text in rows; a new one gets one.
    func number(ofName name: String) throws(SQLiteError) -> Int {
      if let number = names[name] { return number }
      let known = try statement("SELECT number FROM names WHERE name = ?").bind(name)
      defer { known.reset() }
      if names.count >= Self.nameBound { names = [:] }
      if try known.step() {
        let number: Int = known[0]
        names[name] = number
        return number
      }
      let added = try statement("INSERT INTO names (name) VALUES (?) RETURNING number").bind(name)
      defer { added.reset() }
      guard try added.step() else { return 0 }
      let number: Int = added[0]
      names[name] = number
      return number
    }

    /// To be called when a transaction that may have added names was undone.
    func forgetNames() { names = [:] }
  }

  private let path: String
  private let options: Database.Options
  /// nil until it is opened.
  private let connection = Mutex<Connection?>(nil)

  /// Opens the file, makes it if it is not there, and brings it to today's schema.
  ///
  /// - Parameter path: a file, or `:memory:` for what is forgotten with this instance.
  package convenience init(
    path: String, options: Database.Options = Database.Options()
  ) throws(StoreError) {
    self.init(openingLater: path, options: options)
    try use { _ throws(SQLiteError) in }
  }

  /// Opens the file at the first use, which throws what is wrong with it: a start does not wait for
  /// connections that it does not need yet.
  package init(openingLater path: String, options: Database.Options = Database.Options()) {
    self.path = path
    self.options = options
  }

  /// Runs `body` with the connection to itself.
  func use<Result>(
    _ body: (Connection) throws(SQLiteError) -> Result
  ) throws(StoreError) -> Result where Result: Sendable {
    let result = connection.withLock { connection -> Swift.Result<Result, SQLiteError> in
      do throws(SQLiteError) {
        let opened = if let connection { connection } else { try open() }
        connection = opened
        return .success(try body(opened))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let value): return value
    case .failure(let error): throw StoreError(error)
    }
  }

  private func open() throws(SQLiteError) -> Connection {
    let database = try Database(path: path, options: options)
    try database.migrate(to: Self.schema)
    return Connection(database)
  }

  /// Pages of the write-ahead log from which on writers are made to wait for its end: 64 MiB. Under
  /// a steady stream of commits it may never be copied in full without that.
  private static let logBound = 16_384

  package func maintain() throws(StoreError) {
    try use { connection throws(SQLiteError) in
      // Almost everything is copied before anybody has to wait.
      let (logged, _) = try connection.database.checkpoint()
      if logged > Self.logBound { try connection.database.checkpoint(waiting: true) }
    }
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
