internal import Glibc
internal import Threads

// <cache>/<model>/<number>/…          a version, whole
// <cache>/<model>/model.yaml          its model's settings
// <cache>/.incoming/<n>/…             what is being fetched, and what a crash left of it
//
// A version is written and synced in .incoming and then renamed: it is there as a whole or not.

/// The folder that fetched versions are served from; on a thread of its own, as disks block.
actor ModelCache {
  nonisolated let path: String
  private nonisolated let executor: ThreadExecutor
  private let lock: Int32
  private var lastNumber = 0

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.unowned }

  /// Makes the folder if it is not there, and removes what a crash left half fetched.
  init(path: String) throws(ObjectStoreError) {
    self.path = path
    do throws(ThreadError) { executor = try ThreadExecutor("model-cache") } catch {
      throw ObjectStoreError(.disk, "\(error)")
    }
    try Self.makeFolder(path)
    try Self.makeFolder("\(path)/.incoming")
    lock = unsafe open("\(path)/.incoming", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard lock >= 0 else { throw Self.failed("open", "\(path)/.incoming") }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw ObjectStoreError(
        .settings, "another server fetches into \(path): give each its own folder")
    }
    try Self.removeTree("\(path)/.incoming", keepingTop: true)
  }

  deinit { close(lock) }

  nonisolated func folder(of version: SourcedVersion) -> String {
    "\(path)/\(version.model)/\(version.number)"
  }

  /// Whether a version is there.
  ///
  /// - Throws: `.changed` when it is there with other files: a version never changes.
  func holds(_ version: SourcedVersion) throws(ObjectStoreError) -> Bool {
    let folder = folder(of: version)
    guard unsafe access(folder, F_OK) == 0 else { return false }
    guard Self.text(of: "\(folder)/.fingerprint") == version.fingerprint else {
      throw ObjectStoreError(
        .changed,
        "version \(version.number) of \(version.model) was fetched before with other files; upload "
          + "what is new under a new number, or remove \(folder)")
    }
    return true
  }

  /// A new folder to fetch into.
  func begin(_ version: SourcedVersion) throws(ObjectStoreError) -> String {
    var status = statvfs()
    if unsafe statvfs(path, &status) == 0 {
      let free = Int(clamping: status.f_bavail) * Int(clamping: status.f_frsize)
      guard free >= version.size else {
        throw ObjectStoreError(
          .disk,
          "version \(version.number) of \(version.model) needs \(version.size) bytes, and \(free) "
            + "are free below \(path): free some space")
      }
    }
    lastNumber += 1
    let folder = "\(path)/.incoming/\(lastNumber)"
    try Self.makeFolder(folder)
    return folder
  }

  /// Opens a new file of a folder that `begin` made, for writing; the folders above it are made.
  func create(_ file: String, in folder: String) throws(ObjectStoreError) -> Int32 {
    var parent = folder
    for part in file.unicodeScalars.split(separator: "/").dropLast() {
      parent += "/" + String(part)
      try Self.makeFolder(parent)
    }
    let path = "\(folder)/\(file)"
    let descriptor = unsafe open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failed("create", path) }
    return descriptor
  }

  /// Syncs a file to the disk, and closes it.
  func finish(_ descriptor: Int32, _ file: String) throws(ObjectStoreError) {
    let outcome = fsync(descriptor)
    let number = errno
    close(descriptor)
    guard outcome == 0 else { throw Self.failed("sync", file, number) }
  }

  /// Moves what was fetched to where it is served from.
  func commit(_ version: SourcedVersion, from folder: String) throws(ObjectStoreError) {
    // Fetched by another task meanwhile.
    if try holds(version) { return try Self.removeTree(folder, keepingTop: false) }
    let mark = try create(".fingerprint", in: folder)
    let text = Array(version.fingerprint.utf8)
    guard unsafe write(mark, text, text.count) == text.count else {
      close(mark)
      throw Self.failed("write", "\(folder)/.fingerprint")
    }
    try finish(mark, "\(folder)/.fingerprint")
    try Self.syncTree(folder)
    try Self.makeFolder("\(path)/\(version.model)")
    try move(folder, to: self.folder(of: version))
    try Self.syncFolder("\(path)/\(version.model)")
    try Self.syncFolder(path)
  }

  /// Puts a fetched file in the place of an older one, or where there is none.
  func move(_ source: String, to target: String) throws(ObjectStoreError) {
    guard unsafe rename(source, target) == 0 else { throw Self.failed("move", source) }
  }

  // MARK: Settings

  func moveSettings(from folder: String, of model: String) throws(ObjectStoreError) {
    try Self.makeFolder("\(path)/\(model)")
    try move("\(folder)/model.yaml", to: "\(path)/\(model)/model.yaml")
  }

  func removeSettings(of model: String) { unsafe unlink("\(path)/\(model)/model.yaml") }

  // MARK: What goes

  /// Takes a version out. It is renamed first: what a crash leaves of it is no version.
  func remove(_ version: CachedVersion) throws(ObjectStoreError) {
    lastNumber += 1
    let folder = "\(path)/.incoming/\(lastNumber)"
    try move("\(path)/\(version.model)/\(version.number)", to: folder)
    try Self.removeTree(folder, keepingTop: false)
  }

  func touch(_ model: String, _ number: Int) {
    unsafe _ = utimensat(AT_FDCWD, "\(path)/\(model)/\(number)/.fingerprint", nil, 0)
  }

  func incomingBytes() -> Int { (try? Self.size(of: "\(path)/.incoming")) ?? 0 }

  /// Forgets a version that could not be fetched.
  func abandon(_ folder: String) { try? Self.removeTree(folder, keepingTop: false) }
}
