internal import CSQLite
internal import Glibc

/// One connection to an SQLite file, for one thread at a time.
///
/// Files are in write-ahead mode: one writer and any number of readers, in any process, do not
/// wait for each other. A commit is written to the file before it returns but not synced, so that
/// a killed process loses nothing it committed, and a power cut at most the last commits; neither
/// harms the file (https://www.sqlite.org/wal.html).
@safe
package final class Database {
  package enum Access: Sendable {
    /// Makes the file, readable and writable for its owner alone, where there is none.
    case readWrite
    /// The file has to be there.
    case readOnly
  }

  package struct Options: Sendable {
    /// How long a statement waits for another connection's lock, in milliseconds.
    package var patience: Int
    /// Whether a commit that finds the write-ahead log long also copies it into the file. That
    /// takes two syncs of the disk; a connection that may not wait leaves it to another one's
    /// `checkpoint()`.
    package var checkpointsByItself: Bool

    package init(patience: Int = 5000, checkpointsByItself: Bool = true) {
      self.patience = patience
      self.checkpointsByItself = checkpointsByItself
    }
  }

  /// As given, for messages.
  package let path: String
  let handle: OpaquePointer

  /// Opens a file, or a database in memory that ends with the connection.
  ///
  /// - Parameter path: a file, or `:memory:`.
  package init(
    path: String, access: Access = .readWrite, options: Options = Options()
  ) throws(SQLiteError) {
    self.path = path
    let inMemory = path == ":memory:"
    if access == .readWrite, !inMemory { Self.reserve(path) }
    let flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
      | (access == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY)
    var opened: OpaquePointer?
    let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
    guard let handle = unsafe opened else {
      throw SQLiteError(code: SQLITE_NOMEM, path: path, reason: "no memory to open it")
    }
    unsafe self.handle = handle
    guard code == SQLITE_OK else { throw error(code, "it cannot be opened") }
    unsafe sqlite3_busy_timeout(handle, Int32(clamping: options.patience))
    if access == .readWrite, !inMemory { try enterWriteAheadMode(patience: options.patience) }
    try execute("PRAGMA synchronous = NORMAL")
    try execute("PRAGMA foreign_keys = ON")
    try execute("PRAGMA trusted_schema = OFF")
    if !options.checkpointsByItself { try execute("PRAGMA wal_autocheckpoint = 0") }
  }

  // Version 2 of close waits for statements that still hold the connection.
  deinit { unsafe _ = sqlite3_close_v2(handle) }

  /// Runs one or more statements that take no values and whose rows nobody wants.
  package func execute(_ sql: String) throws(SQLiteError) {
    let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code, "statement failed") }
  }

  /// A statement ready to be run many times.
  package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
    try Statement(sql, on: self)
  }

  /// The first column of a statement's first row; nil if it has none.
  package func value<Value: ColumnValue>(
    _ sql: String, as type: Value.Type = Value.self
  ) throws(SQLiteError) -> Value? {
    let statement = try prepare(sql)
    return try statement.step() ? statement[0] : nil
  }

  /// Runs `body` as one transaction: all of it is kept, or, when it throws, none.
  ///
  /// The right to write is taken at the start, so that nothing in `body` fails for want of it.
  package func transaction<Result>(
    _ body: () throws(SQLiteError) -> Result
  ) throws(SQLiteError) -> Result {
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      // Some errors, such as a full disk, have rolled back by themselves: then this one fails.
      try? execute("ROLLBACK")
      throw error
    }
  }

  /// Rows that the last insert, update or delete touched.
  package var changes: Int { unsafe Int(sqlite3_changes64(handle)) }

  /// The number of the row that this connection inserted last.
  package var lastInsertedRow: Int { unsafe Int(sqlite3_last_insert_rowid(handle)) }

  /// What is wrong inside the file, at most 20 findings; empty if it is sound. Reads all of it.
  package func checkIntegrity() throws(SQLiteError) -> [String] {
    let statement = try prepare("PRAGMA integrity_check(20)")
    var findings: [String] = []
    while try statement.step() { findings.append(statement[0]) }
    return findings == ["ok"] ? [] : findings
  }

  /// Copies what it can of the write-ahead log into the file, so that the log can begin anew.
  ///
  /// - Parameter waiting: makes writers wait for as long as that takes, and waits itself for
  ///   readers of older states, with its patience; otherwise nobody waits for anybody.
  /// - Returns: pages in the log, and how many of them remain to be copied.
  @discardableResult
  package func checkpoint(
    waiting: Bool = false
  ) throws(SQLiteError) -> (logged: Int, remaining: Int) {
    var logged: Int32 = 0
    var copied: Int32 = 0
    let mode = waiting ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE
    let code = unsafe sqlite3_wal_checkpoint_v2(handle, nil, mode, &logged, &copied)
    guard code == SQLITE_OK || code == SQLITE_BUSY else { throw error(code, "no checkpoint") }
    return (Int(max(logged, 0)), Int(max(logged - copied, 0)))
  }

  func error(_ code: Int32, _ action: String) -> SQLiteError {
    // A failed open may know more than its result code.
    let reason = unsafe sqlite3_errmsg(handle).map { unsafe String(cString: $0) } ?? "unknown"
    return SQLiteError(code: code, path: path, reason: "\(action): \(reason)")
  }

  /// Makes a missing file for its owner alone; SQLite gives its side files the same rights. What
  /// cannot be made here, SQLite will explain when it opens it.
  private static func reserve(_ path: String) {
    let descriptor = unsafe open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor >= 0 { close(descriptor) }
  }

  /// The change of mode asks for the file alone, and SQLite does not wait for that as it does for
  /// other locks: two processes that make the same file at once are told "busy".
  private func enterWriteAheadMode(patience: Int) throws(SQLiteError) {
    for attempt in 0... {
      do throws(SQLiteError) {
        let mode = try value("PRAGMA journal_mode = WAL", as: String.self)
        if mode == "wal" { return }
        throw SQLiteError(
          kind: .cannotOpen, path: path,
          reason: "write-ahead mode is not possible there; network file systems lack it")
      } catch {
        guard error.kind == .busy, attempt < patience else { throw error }
        usleep(1000)
      }
    }
  }
}
