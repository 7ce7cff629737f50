internal import Glibc

/// A growable, reusable queue of bytes: appended at the back, consumed at the front.
///
/// Made for output: frames are gathered into one buffer, one `send` takes what the kernel has room
/// for, `consume` drops that much, and the allocation is used again.
///
/// `@unchecked Sendable`: the struct is the only owner of its memory and cannot be copied, so
/// whoever holds it holds it alone.
@safe @usableFromInline
package struct ByteBuffer: ~Copyable, @unchecked Sendable {
  @usableFromInline var storage: UnsafeMutableRawBufferPointer
  @usableFromInline var start = 0
  @usableFromInline var end = 0

  /// Takes no memory before the first byte unless `capacity` asks for it.
  package init(capacity: Int = 0) {
    unsafe storage =
      capacity > 0
      ? Self.allocate(capacity) : UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  deinit { unsafe free(storage.baseAddress) }

  /// From malloc itself: `UnsafeMutableRawBufferPointer.allocate` goes through posix_memalign,
  /// which bypasses malloc's cache and costs several times as much.
  private static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
    guard let memory = unsafe malloc(count) else {
      preconditionFailure("no memory for a buffer of \(count) bytes")
    }
    return unsafe UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  /// Bytes that wait to be consumed.
  @inlinable package var count: Int { end - start }
  @inlinable package var isEmpty: Bool { end == start }
  /// Bytes of memory held.
  @inlinable package var capacity: Int { unsafe storage.count }

  /// The bytes that wait, front first.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let waiting = unsafe UnsafeRawBufferPointer(rebasing: storage[start..<end])
      let span = unsafe RawSpan(_unsafeBytes: waiting)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The bytes that wait, front first; valid within `body`.
  @inlinable package borrowing func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    unsafe try body(UnsafeRawBufferPointer(rebasing: storage[start..<end]))
  }

  /// Appends a copy of `source`.
  @inlinable package mutating func append(_ source: UnsafeRawBufferPointer) {
    guard unsafe !source.isEmpty else { return }
    unsafe reserve(source.count).copyMemory(from: source)
    commit(source.count)
  }

  package mutating func append(_ source: borrowing RawSpan) {
    unsafe source.withUnsafeBytes { bytes in unsafe append(bytes) }
  }

  package mutating func append(_ source: [UInt8]) {
    unsafe source.withUnsafeBytes { bytes in unsafe append(bytes) }
  }

  @inlinable package mutating func append(_ byte: UInt8) {
    unsafe reserve(1)[0] = byte
    commit(1)
  }

  /// Room for at least `count` bytes behind the last one, to be filled and then committed. The
  /// memory is valid until the next call that changes the buffer; its content is undefined.
  @inlinable package mutating func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
    precondition(count >= 0, "a reservation has no negative size")
    if unsafe storage.count - end < count { makeRoom(for: count) }
    return unsafe UnsafeMutableRawBufferPointer(rebasing: storage[end...])
  }

  /// Makes the first `count` bytes of the last reservation part of the content.
  @inlinable package mutating func commit(_ count: Int) {
    precondition(count >= 0 && count <= capacity - end, "commit of more than was reserved")
    end += count
  }

  /// Drops `count` bytes at the front.
  @inlinable package mutating func consume(_ count: Int) {
    precondition(count >= 0 && count <= self.count, "consume of more than is there")
    start += count
    if start == end {
      start = 0
      end = 0
    }
  }

  /// Drops everything. Memory over `keepingCapacity` is given back, so that one large answer does
  /// not stay with an idle connection.
  package mutating func removeAll(keepingCapacity limit: Int = .max) {
    start = 0
    end = 0
    if capacity > limit {
      unsafe free(storage.baseAddress)
      unsafe storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
  }

  @usableFromInline mutating func makeRoom(for count: Int) {
    let used = self.count
    if unsafe used + count <= storage.count && start >= used {
      // The consumed front is at least as large as what waits: sliding is cheaper than growing.
      unsafe storage.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[start..<end]))
    } else {
      let larger = unsafe Self.allocate(max(used + count, 2 * capacity, 256))
      unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[start..<end]))
      unsafe free(storage.baseAddress)
      unsafe storage = larger
    }
    start = 0
    end = used
  }
}
