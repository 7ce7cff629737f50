internal import CNghttp2
internal import Glibc

// block = head (16 bytes: payload size) payload
// Payloads up to `largest` bytes are multiples of 32 bytes; freed ones wait in a list by size, the
// first word of each pointing at the next.

/// Memory for one library session: what it frees it soon wants again, in the same sizes, and more
/// of it at once than malloc's own cache keeps. One thread at a time.
@safe
final class MemoryPool {
  private static let headSize = 16
  private static let largest = 1_024
  private static let step = 32
  /// Most bytes that wait to be used again.
  private static let limit = 64 << 10

  @safe
  private struct State {
    /// First waiting block of each size; memory of its own, since an array's checks would cost as
    /// much as malloc.
    let lists: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    var waiting = 0
  }
  private static let listCount = largest / step + 1
  private let state: UnsafeMutablePointer<State>

  init() {
    unsafe state = .allocate(capacity: 1)
    let lists = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(
      capacity: Self.listCount)
    unsafe lists.initialize(repeating: nil, count: Self.listCount)
    unsafe state.initialize(to: State(lists: lists))
  }

  /// After the library's session is gone.
  deinit {
    trim(to: 0)
    unsafe state.pointee.lists.deallocate()
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// What the library calls; the pool must outlive the session that is made with it.
  var callbacks: nghttp2_mem {
    unsafe nghttp2_mem(
      mem_user_data: state,
      malloc: { size, user in unsafe MemoryPool.allocate(size, user) },
      free: { pointer, user in unsafe MemoryPool.release(pointer, user) },
      calloc: { count, size, user in unsafe MemoryPool.allocateZeroed(count, size, user) },
      realloc: { pointer, size, user in unsafe MemoryPool.reallocate(pointer, size, user) })
  }

  /// Gives memory that waits back, largest blocks first, down to `bytes`.
  func trim(to bytes: Int) {
    guard unsafe state.pointee.waiting > bytes else { return }
    for index in (1..<Self.listCount).reversed() {
      while unsafe state.pointee.waiting > bytes, let block = unsafe state.pointee.lists[index] {
        unsafe state.pointee.lists[index] = unsafe block.load(as: UnsafeMutableRawPointer?.self)
        unsafe state.pointee.waiting -= index * Self.step
        unsafe free(block - Self.headSize)
      }
    }
  }

  private static func allocate(
    _ size: Int, _ user: UnsafeMutableRawPointer?
  ) -> UnsafeMutableRawPointer? {
    guard let state = unsafe user?.assumingMemoryBound(to: State.self) else { return nil }
    let isPooled = size <= largest && size > 0
    let index = isPooled ? (size &+ (step - 1)) / step : 0
    if isPooled, let block = unsafe state.pointee.lists[index] {
      unsafe state.pointee.lists[index] = unsafe block.load(as: UnsafeMutableRawPointer?.self)
      unsafe state.pointee.waiting &-= index &* step
      return unsafe block
    }
    let payload = isPooled ? index * step : size
    guard payload >= 0, payload <= Int.max - headSize,
      let block = unsafe malloc(headSize + payload) else {
      return nil
    }
    unsafe block.storeBytes(of: payload, as: Int.self)
    return unsafe block + headSize
  }

  private static func release(
    _ pointer: UnsafeMutableRawPointer?, _ user: UnsafeMutableRawPointer?
  ) {
    guard let pointer = unsafe pointer,
      let state = unsafe user?.assumingMemoryBound(to: State.self)
    else { return }
    let payload = unsafe (pointer - headSize).load(as: Int.self)
    guard payload <= largest, payload > 0, unsafe state.pointee.waiting &+ payload <= limit else {
      return unsafe free(pointer - headSize)
    }
    let index = payload / step
    unsafe pointer.storeBytes(of: state.pointee.lists[index], as: UnsafeMutableRawPointer?.self)
    unsafe state.pointee.lists[index] = unsafe pointer
    unsafe state.pointee.waiting &+= payload
  }

  private static func allocateZeroed(
    _ count: Int, _ size: Int, _ user: UnsafeMutableRawPointer?
  ) -> UnsafeMutableRawPointer? {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow, bytes >= 0, let block = unsafe allocate(bytes, user) else { return nil }
    unsafe memset(block, 0, bytes)
    return unsafe block
  }

  private static func reallocate(
    _ pointer: UnsafeMutableRawPointer?, _ size: Int, _ user: UnsafeMutableRawPointer?
  ) -> UnsafeMutableRawPointer? {
    guard let pointer = unsafe pointer else { return unsafe allocate(size, user) }
    let payload = unsafe (pointer - headSize).load(as: Int.self)
    if size <= payload { return unsafe pointer }
    guard let block = unsafe allocate(size, user) else { return nil }
    unsafe block.copyMemory(from: pointer, byteCount: payload)
    unsafe release(pointer, user)
    return unsafe block
  }
}
