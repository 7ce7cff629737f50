internal import Glibc

/// Folders of the file system.
package enum Folder {
  /// The names in a folder in order, without hidden ones; nil where it cannot be read.
  ///
  /// - Parameter limit: names after so many are left out.
  package static func names(_ path: String, limit: Int) -> [String]? {
    guard let folder = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
    while names.count < limit, let entry = unsafe readdir(folder) {
      // The record ends with its name, before the struct does: read in place, to the NUL.
      let name = unsafe String(
        cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: UInt8.self))
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// Whether a path, symbolic links followed, is a folder.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Makes a folder, unless it is there.
  ///
  /// - Returns: whether it was made.
  package static func make(_ path: String) throws(FileError) -> Bool {
    if unsafe mkdir(path, 0o755) == 0 { return true }
    let reason = errno
    guard reason == EEXIST, exists(path) else {
      throw FileError(path: path, "cannot be made", errno: reason)
    }
    return false
  }

  /// Removes a file, or a folder that is empty, where that can be done.
  package static func remove(_ path: String) { _ = unsafe Glibc.remove(path) }

  /// Gives a folder another path, where nothing is yet.
  package static func move(_ path: String, to other: String) throws(FileError) {
    guard unsafe rename(path, other) == 0 else {
      throw FileError(path: other, "cannot be made", errno: errno)
    }
  }

  /// Whether two paths, symbolic links followed, lead to one file.
  package static func isSame(_ one: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard unsafe stat(one, &first) == 0, unsafe stat(other, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// The folder in which the last part of a path lies.
  package static func parent(of path: String) -> String {
    guard let last = path.lastIndex(where: { $0 != "/" }) else { return path.isEmpty ? "." : "/" }
    guard let end = path[...last].lastIndex(of: "/") else { return "." }
    return path[..<end].lastIndex { $0 != "/" }.map { String(path[...$0]) } ?? "/"
  }

  /// The real path, without symbolic links, of what a name in a folder leads to; nil where that
  /// lies outside of the folder.
  package static func path(of name: String, within folder: String) throws(FileError) -> String? {
    let whole = try real(folder)
    let path = try real("\(folder)/\(name)")
    return path.hasPrefix(whole == "/" ? whole : whole + "/") ? path : nil
  }

  private static func real(_ path: String) throws(FileError) -> String {
    guard let resolved = unsafe realpath(path, nil) else {
      throw FileError(path: path, "cannot be opened", errno: errno)
    }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }
}
