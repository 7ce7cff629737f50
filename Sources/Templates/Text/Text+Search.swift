/// Finding and splitting, as Python's `str` does.
extension Text {
  /// Where `needle` stands, from the left, without overlaps; at most `limit` places. An empty
  /// needle stands before every letter and at the end. Linear in both (Knuth, Morris, Pratt 1977).
  func places(of needle: Text, limit: Int = .max) -> [Int] {
    guard limit > 0 else { return [] }
    guard !needle.isEmpty else { return Array((0...count).prefix(limit)) }
    let needle = needle.letters
    // fallback[n]: the longest proper prefix of the first n letters that is also their suffix.
    var fallback = [0, 0]
    var length = 0
    for letter in needle.dropFirst() {
      while length > 0, needle[length] != letter { length = fallback[length] }
      if needle[length] == letter { length += 1 }
      fallback.append(length)
    }
    var places: [Int] = []
    var matched = 0
    for (index, letter) in letters.enumerated() {
      while matched > 0, needle[matched] != letter { matched = fallback[matched] }
      if needle[matched] == letter { matched += 1 }
      guard matched == needle.count else { continue }
      places.append(index + 1 - matched)
      if places.count == limit { break }
      matched = 0
    }
    return places
  }

  func contains(_ needle: Text) -> Bool { !places(of: needle, limit: 1).isEmpty }

  /// The parts between the places of a separator that is not empty.
  func split(by separator: Text, limit: Int, fromEnd: Bool) -> [Text] {
    var places: [Int]
    if fromEnd {
      let mirrored = reversed().places(of: separator.reversed(), limit: limit)
      places = mirrored.reversed().map { count - $0 - separator.count }
    } else {
      places = self.places(of: separator, limit: limit)
    }
    places.append(count)
    var parts: [Text] = []
    var start = 0
    for place in places {
      parts.append(Text(letters[start..<place]))
      start = min(count, place + separator.count)
    }
    return parts
  }

  /// The words between white space; after `limit` words the rest stays as it is.
  func splitWords(limit: Int, fromEnd: Bool) -> [Text] {
    if fromEnd {
      return reversed().splitWords(limit: limit, fromEnd: false).reversed().map { $0.reversed() }
    }
    var words: [Text] = []
    var rest = letters.drop(while: \.isSpace)
    while !rest.isEmpty {
      if words.count == limit {
        words.append(Text(rest))
        break
      }
      let word = rest.prefix { !$0.isSpace }
      words.append(Text(word))
      rest = rest[word.endIndex...].drop(while: \.isSpace)
    }
    return words
  }

  func splitLines(keepingEnds: Bool) -> [Text] {
    var lines: [Text] = []
    var start = 0
    var index = 0
    while index < count {
      guard letters[index].scalar.isPythonLineEnd else {
        index += 1
        continue
      }
      let isPair =
        letters[index].scalar == "\r" && index + 1 < count && letters[index + 1].scalar == "\n"
      let next = index + (isPair ? 2 : 1)
      lines.append(Text(letters[start..<(keepingEnds ? next : index)]))
      start = next
      index = next
    }
    if start < count { lines.append(Text(letters[start...])) }
    return lines
  }

  /// With the first `limit` places of `old` taken by `new`.
  func replacing(_ old: Text, with new: Text, limit: Int) -> Text {
    var result: [Letter] = []
    var start = 0
    for place in places(of: old, limit: limit) {
      result.append(contentsOf: letters[start..<place])
      result.append(contentsOf: new.letters)
      start = place + old.count
    }
    result.append(contentsOf: letters[start...])
    return Text(result)
  }

  func reversed() -> Text { Text(letters.reversed()) }
}
