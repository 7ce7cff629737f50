import Foundation
import SQLite
import TestSupport
import Testing

@Suite struct DatabaseTests {
  let folder: TemporaryFolder
  var path: String { folder.file("test.db") }

  init() throws { folder = try TemporaryFolder() }

  @Test func everyTypeComesBackAsItWent() throws {
    let database = try Database(path: ":memory:")
    try database.execute("CREATE TABLE t (a ANY, b ANY, c ANY, d ANY, e ANY, f ANY, g ANY) STRICT")
    let text = "é\u{0}🦅\u{0}"
    try database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(Int64.min, Int.max, true, 0.1, text, [UInt8](0...255), String?.none).run()
    try database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(0, 0, false, -0.0, "", [UInt8](), Int?.some(7)).run()
    let rows = try database.prepare("SELECT * FROM t").bind()
    #expect(try rows.step())
    #expect(rows[0] as Int64 == .min)
    #expect(rows[1] as Int == .max)
    #expect(rows[2] as Bool)
    #expect(rows[3] as Double == 0.1)
    #expect(rows[4] as String == text)
    #expect(rows[5] as [UInt8] == [UInt8](0...255))
    #expect(rows[6] as Int? == nil)
    #expect(try rows.step())
    // Empty is not NULL.
    #expect(rows[4] as String? == "")
    #expect(rows[5] as [UInt8]? == [])
    #expect(rows[6] as Int? == 7)
    #expect(try !rows.step())
  }

  @Test func aFileIsPrivateAndInWriteAheadMode() throws {
    let database = try Database(path: path)
    try database.execute("CREATE TABLE t (a INTEGER)")
    #expect(try database.value("PRAGMA journal_mode") == "wal")
    #expect(try database.value("PRAGMA foreign_keys") == 1)
    #expect(try database.value("PRAGMA synchronous") == 1)
    for name in ["test.db", "test.db-wal"] {
      let rights = try FileManager.default.attributesOfItem(atPath: folder.file(name))
      #expect(rights[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func aTransactionIsKeptWholeOrNotAtAll() throws {
    let database = try Database(path: path)
    try database.execute("CREATE TABLE t (a INTEGER UNIQUE)")
    try database.transaction { () throws(SQLiteError) in
      try database.execute("INSERT INTO t VALUES (1)")
    }
    let error = #expect(throws: SQLiteError.self) {
      try database.transaction { () throws(SQLiteError) in
        try database.execute("INSERT INTO t VALUES (2)")
        try database.execute("INSERT INTO t VALUES (1)")
      }
    }
    #expect(error?.kind == .constraint)
    #expect(try database.value("SELECT group_concat(a) FROM t") == "1")
    #expect(try database.checkIntegrity() == [])
  }

  @Test func aStatementKeepsItsConnectionOpen() throws {
    func statement() throws -> Statement {
      try Database(path: path).prepare("SELECT 7")
    }
    let kept = try statement()
    #expect(try kept.step())
    #expect(kept[0] as Int == 7)
  }

  @Test func aWrongNumberOfValuesIsNamed() throws {
    let database = try Database(path: ":memory:")
    let error = #expect(throws: SQLiteError.self) { try database.prepare("SELECT ?, ?").bind(1) }
    #expect(error?.description.contains("1 values for a statement of 2 parameters") == true)
    #expect(throws: SQLiteError.self) { try database.prepare("  ") }
    #expect(throws: SQLiteError.self) { try database.prepare("SELECT nothing FROM nowhere") }
  }

  @Test func readersDoNotWriteAndNeedAFile() throws {
    let missing = #expect(throws: SQLiteError.self) {
      try Database(path: path, access: .readOnly)
    }
    #expect(missing?.kind == .cannotOpen)
    try Database(path: path).execute("CREATE TABLE t (a INTEGER)")
    let reader = try Database(path: path, access: .readOnly)
    let error = #expect(throws: SQLiteError.self) {
      try reader.execute("INSERT INTO t VALUES (1)")
    }
    #expect(error?.kind == .readOnly)
  }

  @Test func aCheckpointEmptiesTheLog() throws {
    let database = try Database(
      path: path, options: Database.Options(checkpointsByItself: false))
    try database.execute("CREATE TABLE t (a BLOB)")
    try database.execute("INSERT INTO t VALUES (zeroblob(20000000))")
    let reader = try Database(path: path, access: .readOnly)
    let rows = try reader.prepare("SELECT 1 FROM t")
    #expect(try rows.step())
    try database.execute("INSERT INTO t VALUES (zeroblob(4096))")
    #expect(try database.checkpoint().remaining > 0)
    rows.reset()
    #expect(try database.checkpoint().remaining == 0)
    // The log itself is begun anew by the next commit, if nobody reads from it.
    #expect(try database.checkpoint(waiting: true).logged > 4000)
    try database.execute("INSERT INTO t VALUES (zeroblob(10))")
    #expect(try database.checkpoint().logged < 10)
  }
}
