internal import Glibc

/// A whole file as read-only memory, mapped on creation and unmapped with the last reference.
///
/// Pages come from the page cache on first touch and are shared with other processes. A file that
/// is truncated while mapped ends the process (SIGBUS): replace model files by renaming.
///
/// `@unchecked Sendable`: the memory is never written between init and deinit, and both fields are
/// constant.
@safe
package final class MappedFile: @unchecked Sendable {
  private enum Storage { case mapping, heap }

  /// As given on creation; for messages.
  package let path: String
  /// Size in bytes.
  package let count: Int
  private let base: UnsafeRawPointer?
  private let storage: Storage

  /// Maps the regular file at `path`.
  ///
  /// - Parameter limit: most bytes the file may have.
  package init(path: String, limit: Int = 1 << 40) throws(FileError) {
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
    let size = Int(status.st_size)
    guard size <= limit else {
      throw FileError(path: path, "has \(size) bytes; at most \(limit) are allowed")
    }
    self.path = path
    self.count = size
    self.storage = .mapping
    if size == 0 {
      unsafe self.base = nil
    } else {
      let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard let address = unsafe address, unsafe address != MAP_FAILED else {
        throw FileError(path: path, "cannot be mapped", errno: errno)
      }
      unsafe self.base = UnsafeRawPointer(address)
    }
  }

  /// A file that exists only in memory: what tests build, and what mutated-file runs feed.
  ///
  /// The memory is one heap block of exactly the given size, so a checker of heap accesses sees
  /// every read outside of it.
  package init(contents: [UInt8], name: String) {
    self.path = name
    self.count = contents.count
    self.storage = .heap
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: contents.count, alignment: 64)
    unsafe block.copyBytes(from: contents)
    unsafe self.base = UnsafeRawPointer(block.baseAddress)
  }

  deinit {
    guard let base = unsafe base else { return }
    switch storage {
    case .mapping: unsafe _ = munmap(UnsafeMutableRawPointer(mutating: base), count)
    case .heap: unsafe base.deallocate()
    }
  }

  /// The file's bytes, valid as long as the file is held.
  package var bytes: RawSpan {
    @_lifetime(borrow self) get {
      unsafe _overrideLifetime(
        RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base, count: count)), borrowing: self)
    }
  }

  /// The bytes from `range.lowerBound` up to `range.upperBound`; nil if they are not all inside.
  package func region(_ range: Range<Int>) -> FileRegion? {
    guard range.lowerBound >= 0, range.upperBound <= count else { return nil }
    return FileRegion(file: self, range: range)
  }

  /// All of it.
  package var region: FileRegion { FileRegion(file: self, range: 0..<count) }
}

/// A piece of a mapped file that keeps the file mapped.
package struct FileRegion: Sendable {
  package let file: MappedFile
  /// Inside `0..<file.count`, by construction.
  package let range: Range<Int>

  fileprivate init(file: MappedFile, range: Range<Int>) {
    self.file = file
    self.range = range
  }

  /// Size in bytes.
  package var count: Int { range.count }

  /// The bytes, valid as long as the region is held. Their address need not be aligned.
  package var bytes: RawSpan {
    @_lifetime(borrow self) get {
      let whole = file.bytes
      return unsafe _overrideLifetime(whole.extracting(range), borrowing: self)
    }
  }
}
