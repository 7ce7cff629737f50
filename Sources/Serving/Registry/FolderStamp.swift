internal import Bytes
internal import Glibc

/// What a version's folder looked like at one moment: names, sizes and times of its files. Two
/// equal stamps some time apart mean that nobody is copying into it any more.
struct FolderStamp: Equatable {
  private struct File: Equatable {
    let name: String
    let size: Int
    let seconds: Int
    let nanoseconds: Int
  }
  private var files: [File] = []

  /// Files that are looked at; a folder with more is as good as its first.
  private static let bound = 1000

  init(_ path: String) { add(path, depth: 0) }

  private mutating func add(_ path: String, depth: Int) {
    for name in (Folder.names(path, limit: Self.bound) ?? []).sorted() {
      let child = "\(path)/\(name)"
      var status = stat()
      guard files.count < Self.bound, unsafe stat(child, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        if depth == 0 { add(child, depth: 1) }
      } else {
        files.append(
          File(
            name: child, size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec))
      }
    }
  }
}
