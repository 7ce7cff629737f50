internal import Glibc
internal import Synchronization
internal import Time

// header  a page; its first words: magic, identity, head, tail, and of requests that found no room:
//         first and last time, number, tokens in, tokens out
// ring    entries from head to tail, positions counted in bytes for ever, taken modulo the size
// entry   word (low half: its length in bytes, a multiple of 8; high half: checksum), then a record
// skip    word of zero: the rest up to the ring's end is free, the next entry begins at its start
//
// An entry counts when the tail has passed it: one that a killed process was writing never was.

/// Records that wait for the store, in memory that outlives the process: a file in /dev/shm, which
/// a killed process leaves to the next one that serves the same database. Nothing of it ever waits
/// for a disk; a power cut loses it.
///
/// One thread at a time changes it (appends, releases), and one at a time reads; the two may be
/// different ones. Only the stretches between head and tail take memory: the ring has room for the
/// minutes in which a database does not answer, and is all but empty in all others.
@safe
package final class UsageJournal: Sendable {
  static let headerSize = 4096
  private static let magic: UInt64 = 0x3130_7175_7375_7061  // "apusuq01"

  /// Tells this journal from those of other databases and other times.
  var identity: UInt64 { self[.identity] }
  /// Whether a killed process leaves its records to the next.
  package let outlivesProcess: Bool
  /// Bytes of records that fit; a record takes about 150.
  package let capacity: Int

  // Set once; the words of the header are atomic, and the ring between head and tail is written
  // before the tail tells of it and read before the head lets go of it.
  private nonisolated(unsafe) let memory: UnsafeMutableRawPointer
  private let file: JournalFile?
  /// Position up to which there are pages; whole stretches.
  private let taken = Atomic<UInt64>(0)
  /// In bytes; the capacity is a multiple of it.
  private let stretch: UInt64

  private enum Word: Int {
    case magic, identity, head, tail, gapFirst, gapLast, gapRequests, gapTokensIn, gapTokensOut
  }

  /// In memory of this process alone: what it holds is lost when the process is killed.
  package init(capacity: Int = UsageJournal.standardCapacity) throws(StoreError) {
    self.capacity = Self.rounded(capacity)
    outlivesProcess = false
    stretch = Self.stretch(ofCapacity: self.capacity)
    file = nil
    let size = Self.headerSize + self.capacity
    let address = unsafe mmap(
      nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw StoreError(.unusable, "no memory for a queue of \(size) bytes")
    }
    unsafe memory = address
    begin()
  }

  /// In a file that this process holds and nobody else.
  init(_ file: JournalFile) throws(StoreError) {
    self.file = file
    capacity = file.size - Self.headerSize
    stretch = Self.stretch(ofCapacity: capacity)
    outlivesProcess = true
    unsafe memory = try file.map()
    if self[.magic] != Self.magic { begin() }
    mend()
    taken.store(self[.tail] / stretch * stretch, ordering: .relaxed)
  }

  deinit { unsafe _ = munmap(memory, Self.headerSize + capacity) }

  package static let standardCapacity = 16 << 20

  /// Whole pages, and room for some records at least.
  static func rounded(_ capacity: Int) -> Int {
    (min(max(capacity, 16_384), 1 << 30) + 4095) / 4096 * 4096
  }

  /// 256 KiB, or less where that would not divide the ring.
  private static func stretch(ofCapacity capacity: Int) -> UInt64 {
    1 << UInt64(min(capacity.trailingZeroBitCount, 18))
  }

  /// Where the next record goes.
  var tail: UInt64 { self[.tail] }
  var isEmpty: Bool { self[.head] == self[.tail] }

  /// Whether a record of any size would be kept.
  var hasRoom: Bool {
    capacity - Int(self[.tail] - self[.head]) >= 2 * (8 + UsageRecord.largestCoding)
  }

  /// Forgets everything: what it held was of another database.
  func begin() {
    self[.head] = 0
    self[.tail] = 0
    taken.store(0, ordering: .relaxed)
    for word in [Word.gapRequests, .gapTokensIn, .gapTokensOut] { self[word] = 0 }
    self[.identity] = UInt64.random(in: 1..<1 << 63)
    self[.magic] = Self.magic
  }

  /// - Returns: false if there is no room for it.
  func append(_ record: UsageRecord) -> Bool {
    let size = 8 + record.codingSize
    var tail = self[.tail]
    let toEnd = capacity - Int(tail % UInt64(capacity))
    let skipped = size > toEnd ? toEnd : 0
    guard Int(tail - self[.head]) + skipped + size <= capacity,
      takePages(to: tail + UInt64(skipped + size))
    else { return false }
    if skipped > 0 {
      unsafe entry(at: tail).storeBytes(of: 0, as: UInt64.self)
      tail += UInt64(skipped)
    }
    let place = unsafe entry(at: tail)
    let body = unsafe UnsafeMutableRawBufferPointer(start: place + 8, count: size - 8)
    unsafe record.encode(into: body)
    let word = unsafe UInt64(size) | Self.checksum(UnsafeRawBufferPointer(body)) << 32
    unsafe place.storeBytes(of: word, as: UInt64.self)
    self[.tail] = tail + UInt64(size)
    return true
  }

  /// The oldest records, and the position after them; they stay until `release`.
  func read(limit: Int) -> (records: [UsageRecord], end: UInt64) {
    var records: [UsageRecord] = []
    var position = self[.head]
    let tail = self[.tail]
    while records.count < limit, let next = next(from: position, to: tail, after: records.last) {
      records.append(next.record)
      position = next.end
    }
    return (records, position)
  }

  /// Lets go of everything before a position.
  func release(to position: UInt64) {
    let head = self[.head]
    guard position > head, position <= self[.tail] else { return }
    self[.head] = position
    givePagesBack(from: head, to: position)
  }

  /// - Returns: false if the system has none.
  private func takePages(to end: UInt64) -> Bool {
    var position = taken.load(ordering: .relaxed)
    while position < end {
      let offset = Self.headerSize + Int(position % UInt64(capacity))
      guard file?.takePages(at: offset, count: Int(stretch)) ?? true else { return false }
      position += stretch
      taken.store(position, ordering: .relaxed)
    }
    return true
  }

  /// Those of stretches that the head has left, unless the tail, a round ahead, is in them.
  private func givePagesBack(from old: UInt64, to new: UInt64) {
    let first = old / stretch * stretch
    for position in Swift.stride(from: first, to: new / stretch * stretch, by: Int(stretch))
    where position + UInt64(capacity) >= taken.load(ordering: .relaxed) {
      unsafe _ = madvise(
        entry(at: position), Int(stretch), file == nil ? MADV_DONTNEED : MADV_REMOVE)
    }
  }

  /// How many records there are; looks at each.
  func count() -> Int {
    var count = 0
    var position = self[.head]
    while let next = next(from: position, to: self[.tail]) {
      count += 1
      position = next.end
    }
    return count
  }

  /// Gives the file up, when nothing is in it any more.
  func close() { if isEmpty && gap == nil { file?.remove() } }

  /// Drops what is not whole, from the first fault on: only a fault of the machine can leave such.
  private func mend() {
    for word in [Word.gapRequests, .gapTokensIn, .gapTokensOut] where self[word] >> 48 != 0 {
      self[word] = 0
    }
    if self[.head] % 8 != 0 || self[.head] >> 62 != 0 { begin() }
    let head = self[.head]
    var position = head
    if self[.tail] % 8 != 0 || self[.tail] < head || self[.tail] - head > UInt64(capacity) {
      self[.tail] = head
    }
    while let next = next(from: position, to: self[.tail]) { position = next.end }
    self[.tail] = position
  }

  /// - Returns: nil at the tail, and where there is no whole record.
  private func next(
    from start: UInt64, to tail: UInt64, after last: UsageRecord? = nil
  ) -> (record: UsageRecord, end: UInt64)? {
    var position = start
    guard position < tail else { return nil }
    var word = unsafe entry(at: position).load(as: UInt64.self)
    if word == 0 {
      position += UInt64(capacity) - position % UInt64(capacity)
      guard position < tail else { return nil }
      word = unsafe entry(at: position).load(as: UInt64.self)
    }
    let size = Int(word & 0xffff_ffff)
    let room = min(Int(tail - position), capacity - Int(position % UInt64(capacity)))
    guard size >= 8, size % 8 == 0, size <= room else { return nil }
    let body = unsafe UnsafeRawBufferPointer(start: entry(at: position) + 8, count: size - 8)
    guard unsafe Self.checksum(body) == word >> 32,
      let record = unsafe UsageRecord(decoding: body, last: last)
    else { return nil }
    return (record, position + UInt64(size))
  }

  private func entry(at position: UInt64) -> UnsafeMutableRawPointer {
    unsafe memory + Self.headerSize + Int(position % UInt64(capacity))
  }

  /// Of whole words. Against damage, not against malice.
  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
    for place in stride(from: 0, to: bytes.count, by: 8) {
      let word = unsafe bytes.load(fromByteOffset: place, as: UInt64.self)
      hash = (hash ^ word) &* 0xff51_afd7_ed55_8ccd
      hash ^= hash >> 32
    }
    return hash >> 32
  }

  private subscript(_ word: Word) -> UInt64 {
    get { unsafe atomic(word).pointee.load(ordering: .acquiring) }
    set { unsafe atomic(word).pointee.store(newValue, ordering: .releasing) }
  }

  private func atomic(_ word: Word) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (memory + 8 * word.rawValue).assumingMemoryBound(to: Atomic<UInt64>.self)
  }
}

extension UsageJournal {
  /// Requests that found no room.
  var gap: UsageGap? {
    guard self[.gapRequests] > 0 else { return nil }
    return UsageGap(
      first: UnixTime(microseconds: Int64(bitPattern: self[.gapFirst])),
      last: UnixTime(microseconds: Int64(bitPattern: self[.gapLast])),
      requests: Int(self[.gapRequests]), tokensIn: Int(self[.gapTokensIn]),
      tokensOut: Int(self[.gapTokensOut]))
  }

  /// Counts a record that found no room.
  func lose(_ record: UsageRecord) {
    let known = gap
    self[.gapFirst] = UInt64(
      bitPattern: min(known?.first ?? record.time, record.time).microseconds)
    self[.gapLast] = UInt64(bitPattern: max(known?.last ?? record.time, record.time).microseconds)
    self[.gapTokensIn] += UInt64(max(record.tokensIn, 0))
    self[.gapTokensOut] += UInt64(max(record.tokensOut, 0))
    self[.gapRequests] += 1
  }

  /// Takes off what was written down elsewhere; more may have been lost meanwhile.
  func forget(_ gap: UsageGap) {
    self[.gapRequests] -= min(UInt64(gap.requests), self[.gapRequests])
    self[.gapTokensIn] -= min(UInt64(gap.tokensIn), self[.gapTokensIn])
    self[.gapTokensOut] -= min(UInt64(gap.tokensOut), self[.gapTokensOut])
    self[.gapFirst] = UInt64(bitPattern: gap.last.microseconds)
  }
}
