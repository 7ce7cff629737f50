/// String literals, with the escapes of Python.
extension Lexer {
  mutating func addString() throws(TemplateError) {
    let start = place
    let quote = source[start]
    place += 1
    var letters: [Letter] = []
    while place < source.count, source[place] != quote {
      if source[place] == "\\" {
        try appendEscape(to: &letters)
      } else {
        letters.append(Letter(source[place]))
        place += 1
      }
    }
    guard place < source.count else { throw error(at: start, "a string has no end") }
    place += 1
    add(.string(Text(letters)), at: start)
  }

  /// An escape that means nothing stands for itself.
  private mutating func appendEscape(to letters: inout [Letter]) throws(TemplateError) {
    let start = place
    guard start + 1 < source.count else {
      place = source.count
      return
    }
    let kind = source[start + 1]
    place += 2
    switch kind {
    case "\n": break
    case "\\", "'", "\"": letters.append(Letter(kind))
    case "a": letters.append(Letter("\u{7}"))
    case "b": letters.append(Letter("\u{8}"))
    case "f": letters.append(Letter("\u{c}"))
    case "n": letters.append(Letter("\n"))
    case "r": letters.append(Letter("\r"))
    case "t": letters.append(Letter("\t"))
    case "v": letters.append(Letter("\u{b}"))
    case "0"..."7":
      place -= 1
      letters.append(try number(radix: 8, digits: 1...3, start))
    case "x": letters.append(try number(radix: 16, digits: 2...2, start))
    case "u": letters.append(try number(radix: 16, digits: 4...4, start))
    case "U": letters.append(try number(radix: 16, digits: 8...8, start))
    case "N":
      throw error(at: start, "the escape \\N is not supported; write the character or \\uXXXX")
    default:
      letters.append(Letter("\\"))
      letters.append(Letter(kind))
    }
  }

  private mutating func number(
    radix: UInt32, digits: ClosedRange<Int>, _ start: Int
  ) throws(TemplateError) -> Letter {
    var value: UInt32 = 0
    var count = 0
    while count < digits.upperBound, place < source.count,
      let digit = source[place].digitValue, digit < radix
    {
      value = value &* radix &+ digit
      place += 1
      count += 1
    }
    guard count >= digits.lowerBound, let scalar = Unicode.Scalar(value) else {
      throw error(at: start, "an escape within a string names no character")
    }
    return Letter(scalar)
  }
}

extension Unicode.Scalar {
  fileprivate var digitValue: UInt32? {
    switch self {
    case "0"..."9": value - 0x30
    case "a"..."f": value - 0x61 + 10
    case "A"..."F": value - 0x41 + 10
    default: nil
    }
  }
}
