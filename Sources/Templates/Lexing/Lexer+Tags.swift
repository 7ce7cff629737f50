/// The tokens within `{% %}` and `{{ }}`.
extension Lexer {
  mutating func addTokens(of tag: Tag) throws(TemplateError) {
    let isBlock = tag.kind == .block
    let mark = isBlock ? "%}" : "}}"
    // What has to close before the tag can end.
    var open: [Token.Symbol] = []
    while true {
      if open.isEmpty, let end = endOfTag(mark, takesNewline: isBlock) {
        add(isBlock ? .blockEnd : .printEnd, at: place)
        place = end
        return
      }
      guard place < source.count else {
        throw error(at: tag.start, "a tag `\(isBlock ? "{%" : "{{")` has no end `\(mark)`")
      }
      let scalar = source[place]
      if scalar.isPythonSpace {
        place += 1
      } else if scalar == "'" || scalar == "\"" {
        try addString()
      } else if scalar.isDigit {
        try addNumber()
      } else if scalar == "_" || scalar.properties.isXIDStart {
        try addName()
      } else {
        try addSymbol(&open)
      }
    }
  }

  /// Looking a name up costs a step, however long it is: so it is not.
  private mutating func addName() throws(TemplateError) {
    let start = place
    while place < source.count, source[place] == "_" || source[place].properties.isXIDContinue {
      place += 1
    }
    guard place - start <= 256 else {
      throw error(
        at: start, "a name has \(place - start) characters; at most 256 are allowed")
    }
    add(.name(string(start..<place)), at: start)
  }

  private mutating func addSymbol(_ open: inout [Token.Symbol]) throws(TemplateError) {
    for length in [2, 1] where place + length <= source.count {
      guard let symbol = Token.Symbol(rawValue: string(place..<place + length)) else { continue }
      if let closing = symbol.closing {
        open.append(closing)
      } else if symbol.isClosing {
        guard let expected = open.popLast(), expected == symbol else {
          throw error(at: place, "`\(symbol.rawValue)` closes nothing")
        }
      }
      add(.symbol(symbol), at: place)
      place += length
      return
    }
    throw error(
      at: place, "the character \(source[place].debugDescription) has no meaning within a tag")
  }

  // MARK: Numbers

  /// Decimal digits, with `_` between them, and perhaps a fraction and an exponent.
  private mutating func addNumber() throws(TemplateError) {
    let start = place
    let isMember = start > 0 && source[start - 1] == "."
    var isReal = false
    skipDigits()
    if !isMember, place + 1 < source.count, source[place] == ".", source[place + 1].isDigit {
      isReal = true
      place += 1
      skipDigits()
    }
    if !isMember, let exponent = exponentStart() {
      isReal = true
      place = exponent
      skipDigits()
    }
    let digits = string(start..<place).filter { $0 != "_" }
    if isReal {
      guard let number = Double(digits), number.isFinite else {
        throw error(at: start, "the number \(digits.prefix(40)) is too large")
      }
      return add(.real(number), at: start)
    }
    guard let number = Int(digits) else {
      throw error(
        at: start, "the number \(digits.prefix(40)) is too large; at most \(Int.max) is allowed")
    }
    guard digits.utf8.first != UInt8(ascii: "0") || number == 0 else {
      throw error(at: start, "a number must not begin with 0")
    }
    add(.integer(number), at: start)
  }

  private mutating func skipDigits() {
    while place < source.count {
      let isJoint =
        source[place] == "_" && place + 1 < source.count && source[place + 1].isDigit
      guard source[place].isDigit || isJoint else { return }
      place += 1
    }
  }

  /// Where the digits of an exponent begin, if one stands here.
  private func exponentStart() -> Int? {
    guard place < source.count, source[place] == "e" || source[place] == "E" else { return nil }
    var index = place + 1
    if index < source.count, source[index] == "+" || source[index] == "-" { index += 1 }
    return index < source.count && source[index].isDigit ? index : nil
  }

  private func string(_ range: Range<Int>) -> String {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: source[range])
    return String(scalars)
  }
}

extension Unicode.Scalar {
  fileprivate var isDigit: Bool { "0"..."9" ~= self }
}
