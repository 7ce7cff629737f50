import Foundation
import SQLite
import TestSupport
import Testing

/// What can be wrong with a database from outside, and that each error names the file and the way
/// out.
@Suite struct DatabaseErrorTests {
  let folder: TemporaryFolder
  var path: String { folder.file("test.db") }

  init() throws { folder = try TemporaryFolder() }

  private func check(
    _ error: SQLiteError?, _ kind: SQLiteError.Kind, isTransient: Bool, _ advice: String
  ) {
    #expect(error?.kind == kind)
    #expect(error?.isTransient == isTransient)
    #expect(error?.description.contains(path) == true)
    #expect(error?.description.contains(advice) == true, "\(String(describing: error))")
  }

  @Test func aLockedDatabase() throws {
    let holder = try Database(path: path)
    try holder.execute("CREATE TABLE t (a INTEGER); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
    let other = try Database(path: path, options: Database.Options(patience: 1))
    let error = #expect(throws: SQLiteError.self) {
      try other.transaction { () throws(SQLiteError) in
        try other.execute("INSERT INTO t VALUES (2)")
      }
    }
    check(error, .busy, isTransient: true, "another process is writing to it")
    #expect(try other.value("SELECT count(*) FROM t") == 0)
    try holder.execute("COMMIT")
    try other.transaction { () throws(SQLiteError) in
      try other.execute("INSERT INTO t VALUES (2)")
    }
    #expect(try other.value("SELECT count(*) FROM t") == 2)
  }

  @Test func aFullDisk() throws {
    let database = try Database(path: path)
    try database.execute("CREATE TABLE t (a BLOB); PRAGMA max_page_count = 20")
    let error = #expect(throws: SQLiteError.self) {
      try database.transaction { () throws(SQLiteError) in
        try database.execute("INSERT INTO t VALUES (zeroblob(1000))")
        try database.execute("INSERT INTO t VALUES (zeroblob(1000000))")
      }
    }
    check(error, .full, isTransient: true, "free space")
    #expect(try database.value("SELECT count(*) FROM t") == 0)
    try database.execute("PRAGMA max_page_count = 1000")
    try database.transaction { () throws(SQLiteError) in
      try database.execute("INSERT INTO t VALUES (zeroblob(1000000))")
    }
    #expect(try database.checkIntegrity() == [])
  }

  @Test func aFileThatIsNoDatabase() throws {
    try Data(
      "this is a text of more than one hundred bytes, ".utf8 + [UInt8](repeating: 65, count: 2000)
    )
    .write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: SQLiteError.self) { try Database(path: path) }
    check(error, .notADatabase, isTransient: false, "name another file")
  }

  @Test func aDamagedFile() throws {
    let database = try Database(path: path)
    try database.execute("PRAGMA journal_mode = DELETE; CREATE TABLE t (a BLOB)")
    try database.execute("INSERT INTO t VALUES (zeroblob(100000))")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for place in 4096..<12_288 { bytes[place] = 0xff }
    let damaged = folder.file("damaged.db")
    try bytes.write(to: URL(fileURLWithPath: damaged))
    let opened = try Database(path: damaged)
    #expect(try !opened.checkIntegrity().isEmpty)
    let error = #expect(throws: SQLiteError.self) {
      try opened.value("SELECT max(length(a)) FROM t", as: Int.self)
    }
    #expect(error?.kind == .corrupt)
    #expect(error?.description.contains("restore it from a backup") == true)
  }

  @Test func aFolderThatIsNotThere() throws {
    let error = #expect(throws: SQLiteError.self) {
      try Database(path: folder.file("nowhere/test.db"))
    }
    #expect(error?.kind == .cannotOpen)
    #expect(error?.description.contains("check that the folder exists") == true)
  }

  @Test func aFileOfAnotherProgram() throws {
    try Database(path: path).execute("CREATE TABLE other (a INTEGER)")
    let schema = Schema(applicationID: 77, steps: ["CREATE TABLE ours (a INTEGER)"])
    let error = #expect(throws: SQLiteError.self) { try Database(path: path).migrate(to: schema) }
    check(error, .foreign, isTransient: false, "another program")
  }

  @Test func aSchemaOfTheFuture() throws {
    let steps = ["CREATE TABLE a (a INTEGER)", "CREATE TABLE b (b INTEGER)"]
    try Database(path: path).migrate(to: Schema(applicationID: 77, steps: steps))
    let error = #expect(throws: SQLiteError.self) {
      try Database(path: path).migrate(to: Schema(applicationID: 77, steps: [steps[0]]))
    }
    check(error, .newerSchema, isTransient: false, "run the newer version")
    #expect(error?.description.contains("version 2") == true)
  }
}

@Suite struct SchemaTests {
  let folder: TemporaryFolder
  var path: String { folder.file("test.db") }

  init() throws { folder = try TemporaryFolder() }

  @Test func stepsAreTakenOnceAndInOrder() throws {
    var steps = ["CREATE TABLE a (a INTEGER); INSERT INTO a VALUES (1)"]
    for extra in ["UPDATE a SET a = a * 10", "UPDATE a SET a = a + 2", ""] {
      let database = try Database(path: path)
      try database.migrate(to: Schema(applicationID: 77, steps: steps))
      try database.migrate(to: Schema(applicationID: 77, steps: steps))
      steps.append(extra)
    }
    #expect(try Database(path: path).value("SELECT a FROM a") == 12)
    #expect(try Database(path: path).value("PRAGMA user_version") == 3)
    #expect(try Database(path: path).value("PRAGMA application_id") == 77)
  }

  @Test func aFailingStepLeavesNothingBehind() throws {
    let steps = ["CREATE TABLE a (a INTEGER)", "CREATE TABLE a (a INTEGER)"]
    #expect(throws: SQLiteError.self) {
      try Database(path: path).migrate(to: Schema(applicationID: 77, steps: steps))
    }
    try Database(path: path).migrate(to: Schema(applicationID: 77, steps: [steps[0]]))
    #expect(try Database(path: path).value("PRAGMA user_version") == 1)
  }

  /// Sixteen connections make and migrate the same new file at once.
  @Test func racingConnectionsMigrateOnce() async throws {
    let path = path
    let schema = Schema(
      applicationID: 77,
      steps: ["CREATE TABLE a (a INTEGER); INSERT INTO a VALUES (1)", "UPDATE a SET a = a + 1"])
    try await withThrowingTaskGroup(of: Int?.self) { group in
      for _ in 0..<16 {
        group.addTask {
          let database = try Database(path: path)
          try database.migrate(to: schema)
          return try database.value("SELECT a FROM a")
        }
      }
      for try await value in group { #expect(value == 2) }
    }
  }
}
