internal import Glibc

/// Zeroed memory straight from the kernel, in huge pages where it grants them.
///
/// Streams of weights and of keys then cross a page every 2 MiB instead of every 4 KiB, where the
/// processor's prefetching stops: one sequence of a 110M model decodes a third faster. Pages nobody
/// touches take no memory.
enum LargePages {
  /// The size and alignment of a huge page.
  static let pageSize = 2 << 20

  /// `count` bytes rounded up to whole 4 KiB pages, aligned to `pageSize`; nil where there is no
  /// memory.
  static func map(_ count: Int) -> UnsafeMutableRawPointer? {
    let size = mappedSize(count)
    guard
      let start = unsafe mmap(
        nil, size + pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      unsafe start != MAP_FAILED
    else { return nil }
    // Of the surplus that alignment needed, both ends go back.
    let before = (pageSize - Int(bitPattern: start) % pageSize) % pageSize
    let base = unsafe start + before
    if before > 0 { unsafe _ = munmap(start, before) }
    unsafe _ = munmap(base + size, pageSize - before)
    // Advice only: without huge pages all works, slower.
    unsafe _ = madvise(base, size, MADV_HUGEPAGE)
    return unsafe base
  }

  static func unmap(_ base: UnsafeMutableRawPointer, _ count: Int) {
    unsafe _ = munmap(base, mappedSize(count))
  }

  private static func mappedSize(_ count: Int) -> Int { (count + 4095) / 4096 * 4096 }
}
