internal import Bytes
internal import Glibc

/// What a version's folder looks like: names, sizes and times of its files.
struct FolderStamp {
  private var files: [String] = []

  var stamp: VersionStamp { VersionStamp(files.joined(separator: "\n")) }

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
        let time = status.st_mtim
        files.append("\(child) \(status.st_size) \(time.tv_sec) \(time.tv_nsec)")
      }
    }
  }
}
