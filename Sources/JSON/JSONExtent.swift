/// Counts nesting and values before the parser lists anything, so that neither its recursion nor
/// its memory is in the text's hands; and finds control characters in strings, which the parser's
/// vector loops let pass.
///
/// Outside of strings each `[` or `{` opens a level, and each of `[ { , :` is followed by at most
/// one value or key. Texts that are no JSON pass and are left to the parser.
///
/// - Returns: at least as many values and keys as there are.
func countValues(of text: RawSpan, limits: JSONDocument.Limits) throws(JSONError) -> Int {
  var depth = 0
  var values = 1
  var index = 0
  let count = text.byteCount
  while index < count {
    let byte = unsafe text.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    index += 1
    switch byte {
    case UInt8(ascii: "\""): index = try end(ofStringAt: index, text)
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      depth += 1
      values += 1
      guard depth <= limits.depth else {
        throw JSONError(
          "nested deeper than \(limits.depth) levels", at: index - 1, in: text, over: .depth)
      }
    case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
    case UInt8(ascii: ","), UInt8(ascii: ":"): values += 1
    default: break
    }
  }
  guard values <= limits.values else {
    throw JSONError("more than \(limits.values) values", over: .values)
  }
  return values
}

/// What comes after a string, whose characters begin at `start`; the text's size for one without an
/// end, or more.
private func end(ofStringAt start: Int, _ text: RawSpan) throws(JSONError) -> Int {
  var index = start
  while index < text.byteCount {
    if index + 8 <= text.byteCount {
      let found = EightBytes(text, at: index).toBeEscaped.littleEndian
      guard found != 0 else {
        index += 8
        continue
      }
      index += found.trailingZeroBitCount / 8
    }
    let byte = unsafe text.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    index += 1
    switch byte {
    case UInt8(ascii: "\""): return index
    case UInt8(ascii: "\\"): index += 1
    case 0..<0x20:
      throw JSONError(
        #"a control character in a string is to be written \u00XX"#, at: index - 1, in: text)
    default: break
    }
  }
  return index
}
