internal import Bytes
internal import Glibc

extension ModelCache {
  /// Makes a folder that is not there.
  static func makeFolder(_ path: String) throws(ObjectStoreError) {
    guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failed("make", path) }
  }

  /// Removes what is in a folder, and, unless it is kept, the folder. Links are removed, not
  /// followed.
  static func removeTree(_ path: String, keepingTop: Bool) throws(ObjectStoreError) {
    for entry in try entries(of: path) {
      if entry.isFolder {
        try removeTree(entry.path, keepingTop: false)
      } else if unsafe unlink(entry.path) != 0 {
        throw failed("remove", entry.path)
      }
    }
    if !keepingTop, unsafe rmdir(path) != 0 { throw failed("remove", path) }
  }

  /// Writes the names in a folder, and in those below it, to the disk.
  static func syncTree(_ path: String) throws(ObjectStoreError) {
    for entry in try entries(of: path) where entry.isFolder { try syncTree(entry.path) }
    try syncFolder(path)
  }

  /// Bytes of the files in a folder and below it.
  static func size(of path: String) throws(ObjectStoreError) -> Int {
    var size = 0
    for entry in try entries(of: path) {
      size += entry.isFolder ? try self.size(of: entry.path) : entry.size
    }
    return size
  }

  /// The versions of a cache that are whole.
  static func contents(of path: String) throws(ObjectStoreError) -> [CachedVersion] {
    var versions: [CachedVersion] = []
    for model in Folder.names(path, limit: 10_000) ?? [] {
      for name in Folder.names("\(path)/\(model)", limit: 10_000) ?? [] {
        let folder = "\(path)/\(model)/\(name)"
        var status = stat()
        guard let number = Int(name), number > 0,
          let fingerprint = text(of: "\(folder)/.fingerprint"),
          unsafe stat("\(folder)/.fingerprint", &status) == 0
        else { continue }
        versions.append(
          CachedVersion(
            model: model, number: number,
            size: try size(of: folder) - fingerprint.utf8.count, fingerprint: fingerprint,
            used: status.st_mtim.tv_sec * 1_000_000 + status.st_mtim.tv_nsec / 1_000))
      }
    }
    return versions
  }

  /// What is in a folder, hidden names too.
  private static func entries(
    of path: String
  ) throws(ObjectStoreError) -> [(path: String, isFolder: Bool, size: Int)] {
    guard let folder = unsafe opendir(path) else { throw failed("open", path) }
    defer { unsafe closedir(folder) }
    var entries: [(path: String, isFolder: Bool, size: Int)] = []
    let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
    while let entry = unsafe readdir(folder) {
      // The record ends with its name, before the struct does: read in place, to the NUL.
      let name = unsafe String(
        cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: UInt8.self))
      if name == "." || name == ".." { continue }
      let whole = "\(path)/\(name)"
      var status = stat()
      guard unsafe lstat(whole, &status) == 0 else { throw failed("look at", whole) }
      entries.append((whole, status.st_mode & S_IFMT == S_IFDIR, Int(status.st_size)))
    }
    return entries
  }

  static func syncFolder(_ path: String) throws(ObjectStoreError) {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed("open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failed("sync", path) }
  }

  /// The text of a small file; nil if it cannot be read.
  static func text(of path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe read(descriptor, &piece, piece.count)
      if count <= 0 { return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
      bytes += piece[..<count]
    }
  }

  static func failed(
    _ action: String, _ path: String, _ number: Int32 = errno
  ) -> ObjectStoreError {
    ObjectStoreError(.disk, "cannot \(action) \(path): \(SystemWords.of(number))")
  }
}
