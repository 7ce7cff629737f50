/// Owned raw memory aligned to a cache line; grows without keeping its contents.
@safe
struct AlignedMemory: ~Copyable {
  static let alignment = 64

  private(set) var base: UnsafeMutableRawPointer
  private(set) var capacity: Int

  /// `count` bytes of `byte`.
  init(count: Int, filledWith byte: UInt8 = 0) {
    capacity = max(count, Self.alignment)
    unsafe base = UnsafeMutableRawPointer.allocate(
      byteCount: capacity, alignment: Self.alignment)
    unsafe base.initializeMemory(as: UInt8.self, repeating: byte, count: capacity)
  }

  deinit { unsafe base.deallocate() }

  /// Makes room for `count` bytes; new memory is zero, old contents are lost.
  mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    unsafe base.deallocate()
    capacity = max(count, capacity * 2)
    unsafe base = UnsafeMutableRawPointer.allocate(
      byteCount: capacity, alignment: Self.alignment)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
  }
}
