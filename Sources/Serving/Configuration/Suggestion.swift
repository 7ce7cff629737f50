/// What somebody probably meant who wrote a name that there is not.
enum Suggestion {
  /// The nearest of `names` to `name`; nil where none is near. `-` and `_` are the same.
  static func nearest(to name: String, among names: some Sequence<String>) -> String? {
    // A distance costs the product of both lengths.
    guard name.utf8.count <= 64 else { return nil }
    let plain = folded(name)
    let limit = plain.count < 4 ? 1 : max(2, min(3, plain.count / 3))
    var best: (name: String, distance: Int)?
    for candidate in names {
      let distance = distance(plain, folded(candidate))
      if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
  }

  private static func folded(_ name: String) -> [UInt8] {
    name.lowercased().utf8.map { $0 == 0x2d ? 0x5f : $0 }
  }

  /// Bytes to insert, remove or replace (Levenshtein).
  private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var row = Array(0...other.count)
    for (place, byte) in one.enumerated() {
      var diagonal = row[0]
      row[0] = place + 1
      for column in other.indices {
        let replaced = diagonal + (byte == other[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
      }
    }
    return row[other.count]
  }
}
