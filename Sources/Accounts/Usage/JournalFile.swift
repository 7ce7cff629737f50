internal import Glibc

/// A file for a journal, held by one process: in /dev/shm, named after the database it serves.
final class JournalFile: Sendable {
  private static let folder = "/dev/shm"

  let path: String
  /// In bytes, header included.
  let size: Int
  private let descriptor: Int32

  /// Opens or makes the journal of a database.
  ///
  /// - Parameters:
  ///   - capacity: of a new one; one that is there keeps its own.
  /// - Returns: nil where there is no memory that outlives processes, or too little.
  convenience init?(
    ofDatabase database: String, capacity: Int, in folder: String? = nil
  ) throws(StoreError) {
    var status = stat()
    guard unsafe access(folder ?? Self.folder, W_OK) == 0, unsafe stat(database, &status) == 0
    else { return nil }
    // Whatever way a path is written, device and number of the file are the same.
    let name = "apus-usage-\(String(status.st_dev, radix: 16))-\(status.st_ino)-\(geteuid())"
    try self.init(path: "\(folder ?? Self.folder)/\(name)", capacity: capacity)
  }

  private init?(path: String, capacity: Int) throws(StoreError) {
    self.path = path
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
    descriptor = unsafe open(path, flags, 0o600)
    guard descriptor >= 0 else {
      throw StoreError(.unusable, "\(path) cannot be opened; remove it")
    }
    do throws(StoreError) {
      try Self.take(descriptor, path)
      size = Self.size(of: descriptor, UsageJournal.headerSize + capacity)
      guard takePages(at: 0, count: UsageJournal.headerSize) else { return nil }
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  deinit { Glibc.close(descriptor) }

  /// Makes sure that the file is this user's, and this process's alone.
  private static func take(_ descriptor: Int32, _ path: String) throws(StoreError) {
    var status = stat()
    // Everybody may write to the folder: a file that somebody else put there is not for us.
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_uid == geteuid(), status.st_mode & 0o077 == 0
    else { throw StoreError(.unusable, "\(path) is not this user's own file; remove it") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw StoreError(
        .unusable,
        "another server writes usage to this database (it holds \(path)): end it, or give each "
          + "server a database of its own")
    }
    // The one that held it may have removed it in between.
    var named = stat()
    guard unsafe lstat(path, &named) == 0, named.st_ino == status.st_ino else {
      throw StoreError(.unavailable, "\(path) was removed while it was opened; try again")
    }
  }

  /// Gives the file the size it has, or the one that is wanted. It has no pages by that.
  private static func size(of descriptor: Int32, _ wanted: Int) -> Int {
    var status = stat()
    let present = unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    if present > UsageJournal.headerSize, present % 4096 == 0 { return present }
    return ftruncate(descriptor, wanted) == 0 ? wanted : 0
  }

  /// Has the system set pages aside, as one that is not to be had when it is written would end the
  /// process (SIGBUS).
  ///
  /// - Returns: false if there is no room.
  func takePages(at offset: Int, count: Int) -> Bool {
    offset + count <= size && posix_fallocate(descriptor, offset, count) == 0
  }

  func map() throws(StoreError) -> UnsafeMutableRawPointer {
    let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw StoreError(.unusable, "\(path) cannot be mapped")
    }
    return unsafe address
  }

  func remove() { unsafe _ = unlink(path) }
}

extension UsageJournal {
  /// The journal of a database file, with what a killed process left in it; one of this process
  /// alone (`outlivesProcess` tells) where the system has no /dev/shm, or no room in it.
  ///
  /// - Parameter capacity: in bytes; what a killed process left keeps its own.
  package static func open(
    forDatabase path: String, capacity: Int = UsageJournal.standardCapacity
  ) throws(StoreError) -> UsageJournal {
    let file = try JournalFile(ofDatabase: path, capacity: rounded(capacity))
    if let file { return try UsageJournal(file) }
    return try UsageJournal(capacity: capacity)
  }
}
