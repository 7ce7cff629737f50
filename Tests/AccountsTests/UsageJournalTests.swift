import Foundation
import Metrics
import SQLite
import TestSupport
import Testing
import Time

@testable import Accounts

@Suite struct UsageJournalTests {
  private func randomRecord(_ random: inout SeededGenerator) -> UsageRecord {
    func text() -> String {
      String(
        (0..<Int.random(in: 0...90, using: &random)).map { _ in
          ["a", "é", "🦅", "\u{0}"].randomElement(using: &random) ?? "a"
        })
    }
    return UsageRecord(
      key: KeyID(packed: random.next()), model: text(),
      version: Int.random(in: .min ... .max, using: &random), endpoint: text(),
      time: UnixTime(microseconds: Int64.random(in: .min ... .max, using: &random)),
      latency: .microseconds(Int64.random(in: 0...1 << 50, using: &random)),
      status: Int.random(in: -5...1000, using: &random),
      instances: Int.random(in: 0...1000, using: &random),
      tokensIn: Int.random(in: 0...1 << 40, using: &random),
      tokensOut: Int.random(in: 0...1 << 40, using: &random),
      cached: Bool.random(using: &random), requestID: text())
  }

  /// Against a queue in an array: appended, read and released at random, around the ring's end many
  /// times over.
  @Test(arguments: 0..<20)
  func givesBackWhatWasPutIn(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let journal = try UsageJournal(capacity: 16_384)
    var waiting: [UsageRecord] = []
    var refused = 0
    for _ in 0..<1000 {
      if Int.random(in: 0..<10, using: &random) < 8 {
        let record = randomRecord(&random)
        let hadRoom = journal.hasRoom
        if journal.append(record) {
          waiting.append(record)
        } else {
          #expect(!hadRoom)
          refused += 1
        }
      } else {
        let limit = Int.random(in: 0...12, using: &random)
        let (records, end) = journal.read(limit: limit)
        #expect(records == Array(waiting.prefix(limit)))
        if Bool.random(using: &random) {
          journal.release(to: end)
          waiting.removeFirst(records.count)
        }
      }
      #expect(journal.isEmpty == waiting.isEmpty)
    }
    #expect(journal.count() == waiting.count)
    #expect(journal.tail > 3 * 16_384)
    #expect(refused > 10)
  }

  @Test func longTextIsCut() throws {
    let journal = try UsageJournal(capacity: 16_384)
    let long = String(repeating: "x", count: 5000)
    #expect(journal.append(.test(model: long, requestID: long)))
    let record = try #require(journal.read(limit: 1).records.first)
    #expect(record.model.utf8.count == UsageRecord.textLimit)
    #expect(record.requestID == record.model)
  }

  @Test func gapsAreCountedAndForgotten() throws {
    let journal = try UsageJournal(capacity: 16_384)
    #expect(journal.gap == nil)
    let start = UnixTime(seconds: 100)
    for second in [5, 1, 9] {
      journal.lose(.test(time: start.advanced(by: .seconds(second)), tokensIn: 2, tokensOut: 3))
    }
    let gap = try #require(journal.gap)
    #expect(
      gap
        == UsageGap(
          first: UnixTime(seconds: 101), last: UnixTime(seconds: 109), requests: 3, tokensIn: 6,
          tokensOut: 9))
    // One more is lost while these are written down.
    journal.lose(.test(time: start.advanced(by: .seconds(20)), tokensIn: 2, tokensOut: 3))
    journal.forget(gap)
    #expect(journal.gap?.requests == 1 && journal.gap?.last == UnixTime(seconds: 120))
    journal.forget(try #require(journal.gap))
    #expect(journal.gap == nil)
  }
}

/// The journal as a file that outlives its process.
@Suite struct JournalFileTests {
  let folder: TemporaryFolder
  let database: String

  init() throws {
    folder = try TemporaryFolder()
    database = folder.file("apus.db")
    _ = try SQLiteStore(path: database)
  }

  private func open(capacity: Int = 16_384) throws -> UsageJournal {
    let file = try JournalFile(ofDatabase: database, capacity: capacity, in: folder.path)
    return try UsageJournal(try #require(file))
  }

  private func journalPath() throws -> String? {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return names.first { $0.hasPrefix("apus-usage-") }.map(folder.file)
  }

  private func ledger(_ journal: UsageJournal, _ events: EventList) throws -> UsageLedger {
    try UsageLedger(
      store: try SQLiteStore(path: database, options: Database.Options(patience: 1)),
      journal: journal, metrics: UsageMetrics(in: Registry()), clock: { Moment.now() },
      report: { events.append($0) })
  }

  private func rows() throws -> [Int] {
    let database = try Database(path: database)
    let rows = try database.prepare("SELECT tokens_in FROM usage ORDER BY number").bind()
    var numbers: [Int] = []
    while try rows.step() { numbers.append(rows[0]) }
    return numbers
  }

  @Test func whatOneLeavesTheNextWrites() throws {
    let events = EventList()
    // Let go of without a close, as a killed process does.
    do {
      let ledger = try ledger(open(), events)
      for number in 0..<5 { ledger.record(.test(tokensIn: number)) }
    }
    #expect(try rows() == [])
    do {
      let ledger = try ledger(open(), events)
      #expect(events.all == [.inherited(5)])
      ledger.record(.test(tokensIn: 5))
      ledger.close()
      while ledger.step() != nil {}
    }
    #expect(try rows() == [0, 1, 2, 3, 4, 5])
    // All is written: nothing is left behind.
    #expect(try journalPath() == nil)
  }

  /// Killed after the commit and before the journal let go of it.
  @Test func nothingIsWrittenTwice() throws {
    let events = EventList()
    let store = try SQLiteStore(path: database)
    do {
      let journal = try open()
      _ = try ledger(journal, events)
      for number in 0..<6 { #expect(journal.append(.test(tokensIn: number))) }
      let (records, end) = journal.read(limit: 4)
      try store.write(
        UsageBatch(
          records: records, position: UsagePosition(journal: journal.identity, offset: end)))
    }
    let ledger = try ledger(open(), events)
    #expect(events.all == [.inherited(2)])
    ledger.close()
    while ledger.step() != nil {}
    #expect(try rows() == [0, 1, 2, 3, 4, 5])
  }

  @Test func anotherDatabasesRecordsAreNotTakenOver() throws {
    let events = EventList()
    do {
      let ledger = try ledger(open(), events)
      ledger.record(.test())
    }
    // A new database got the number of the old one's file.
    try Database(path: database).execute("DELETE FROM usage_positions")
    let ledger = try ledger(open(), events)
    ledger.close()
    while ledger.step() != nil {}
    #expect(try rows() == [])
    #expect(events.all == [])
  }

  @Test func oneServerADatabase() throws {
    let first = try open()
    let error = #expect(throws: StoreError.self) { try open() }
    #expect(error?.message.contains("another server writes usage to this database") == true)
    withExtendedLifetime(first) {}
  }

  @Test func aJournalKeepsItsSize() throws {
    do {
      let journal = try open(capacity: 16_384)
      #expect(journal.append(.test()))
    }
    let journal = try open(capacity: 1 << 20)
    #expect(journal.capacity == 16_384)
    #expect(journal.count() == 1)
  }

  /// Round after round: what has been read takes no memory, and what waits is never given back.
  @Test(arguments: 0..<4)
  func onlyWhatWaitsTakesMemory(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let capacity = 1 << 20
    let stretch = 1 << 18
    let journal = try open(capacity: capacity)
    let path = try #require(try journalPath())
    var (next, oldest) = (0, 0)
    while journal.tail < 5 * capacity {
      let most = Int.random(in: 1...9000, using: &random)
      for _ in 0..<most where journal.append(.test(tokensIn: next)) { next += 1 }
      let (records, end) = journal.read(limit: Int.random(in: 1...9000, using: &random))
      #expect(records.map(\.tokensIn) == Array(oldest..<oldest + records.count))
      journal.release(to: end)
      oldest += records.count
      var status = stat()
      try #require(stat(path, &status) == 0)
      let used = Int(journal.tail - end)
      #expect(Int(status.st_blocks) * 512 <= UsageJournal.headerSize + used + 2 * stretch)
    }
    #expect(next > 10_000)
  }

  @Test func anUnusedJournalTakesNoMemory() throws {
    let journal = try open(capacity: UsageJournal.standardCapacity)
    var status = stat()
    try #require(stat(try #require(try journalPath()), &status) == 0)
    #expect(Int(status.st_blocks) * 512 <= UsageJournal.headerSize)
    #expect(journal.append(.test()))
  }

  @Test func filesOfOthersAreNotTouched() throws {
    do { _ = try open() }
    let path = try #require(try journalPath())
    chmod(path, 0o666)
    #expect(throws: StoreError.self) { try open() }
    unlink(path)
    symlink(database, path)
    #expect(throws: StoreError.self) { try open() }
    unlink(path)
    mkfifo(path, 0o600)
    #expect(throws: StoreError.self) { try open() }
    unlink(path)
    #expect(try open().isEmpty)
  }

  /// Bits turn: what is whole before the fault is kept, and nothing else is believed.
  @Test(arguments: 0..<40)
  func damageEndsWhatIsBelieved(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    do {
      let journal = try open()
      for number in 0..<100 { #expect(journal.append(.test(tokensIn: number))) }
    }
    let path = try #require(try journalPath())
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let header = Int.random(in: 0..<4, using: &random) == 0
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let range = header ? 0..<72 : UsageJournal.headerSize..<UsageJournal.headerSize + 11_200
      bytes[Int.random(in: range, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    }
    // Written over, not replaced: the file's rights and size stay.
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.write(contentsOf: bytes)
    try file.close()
    let journal = try open()
    let records = journal.read(limit: 1000).records
    if header {
      #expect(records.count <= 100)
    } else {
      #expect(records.count < 100)
      #expect(records.map(\.tokensIn) == Array(0..<records.count))
    }
    #expect(journal.gap.map { $0.requests >= 0 } ?? true)
    // It goes on working.
    #expect(journal.append(.test(tokensIn: 7)))
    #expect(journal.count() == records.count + 1)
  }
}
