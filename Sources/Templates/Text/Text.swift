/// A string of letters. Lengths, indices and slices count Unicode scalars, as Python's do.
struct Text: Hashable, Sendable {
  var letters: [Letter]

  init(_ letters: some Sequence<Letter> = []) { self.letters = Array(letters) }

  /// - Parameter isForeign: whether it comes from a message.
  init(_ string: String, isForeign: Bool = false) {
    letters = []
    letters.reserveCapacity(string.utf8.count)
    for scalar in string.unicodeScalars { letters.append(Letter(scalar, isForeign: isForeign)) }
  }

  var count: Int { letters.count }
  var isEmpty: Bool { letters.isEmpty }

  var string: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + count / 8)
    for letter in letters {
      let scalar = letter.scalar
      if scalar.isASCII {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  mutating func append(_ other: Text) { letters.append(contentsOf: other.letters) }
  mutating func append(_ string: String) {
    letters.append(contentsOf: string.unicodeScalars.lazy.map { Letter($0) })
  }

  /// Without the letters at the ends that `strips` holds for.
  func trimmed(
    start: Bool = true, end: Bool = true, _ strips: (Letter) -> Bool = \.isSpace
  ) -> Text {
    var range = letters[...]
    if start { range = range.drop(while: strips) }
    if end {
      while let last = range.last, strips(last) { range.removeLast() }
    }
    return Text(range)
  }

  func hasPrefix(_ other: Text) -> Bool { letters.starts(with: other.letters) }

  func hasSuffix(_ other: Text) -> Bool {
    count >= other.count && letters[(count - other.count)...].elementsEqual(other.letters)
  }
}
