internal import Glibc

/// A file that is there whole or not at all: written beside its place, as `.NAME.part`, then moved
/// there.
package enum WholeFile {
  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let name = path.split(separator: "/").last ?? ""
    let partial = "\(Folder.parent(of: path))/.\(name).part"
    // What was left by one that was killed; where it is a link, not what that leads to.
    unsafe unlink(partial)
    let descriptor = unsafe open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(path: path, "cannot be written", errno: errno) }
    var failure: Int32 = 0
    var start = 0
    unsafe bytes.withUnsafeBytes { buffer in
      while start < buffer.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
        let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 {
          failure = errno
          return
        }
        start += count
      }
    }
    if failure == 0, fsync(descriptor) != 0 { failure = errno }
    if close(descriptor) != 0, failure == 0 { failure = errno }
    if failure == 0, unsafe rename(partial, path) != 0 { failure = errno }
    guard failure == 0 else {
      unsafe unlink(partial)
      throw FileError(path: path, "cannot be written", errno: failure)
    }
  }
}
