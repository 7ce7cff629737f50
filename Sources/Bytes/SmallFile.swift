internal import Glibc

/// A file that people write, such as a configuration: read, not mapped, because it may be cut short
/// by an editor at any time, and a mapped page that has gone ends the process.
package enum SmallFile {
  /// All bytes of the regular file at `path`.
  ///
  /// - Parameter limit: most bytes the file may have.
  package static func bytes(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    // Not blocking: opening a pipe would wait for a writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(path: path, "cannot be opened", errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw FileError(path: path, "cannot be examined", errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(path: path, "is not a regular file")
    }
    // One byte more than it has: so the end shows, and a file that grows meanwhile too.
    let room = min(max(0, Int(status.st_size)), limit) + 1
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      while count < room {
        let got = unsafe read(
          descriptor, buffer.baseAddress.map { unsafe $0 + count }, room - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        count += got
      }
    }
    if failure != 0 { throw FileError(path: path, "cannot be read", errno: failure) }
    guard bytes.count <= limit else {
      throw FileError(path: path, "has more than \(limit) bytes, which is what is allowed")
    }
    return bytes
  }

  /// Whether there is anything at `path`, a broken symbolic link not counted.
  package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
