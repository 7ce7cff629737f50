/// Counts nesting and values before the parser lists anything, so that neither its recursion nor
/// its memory is in the text's hands.
///
/// Outside of strings each `[` or `{` opens a level, and each of `[ { , :` is followed by at most
/// one value or key. Texts that are no JSON pass and are left to the parser.
///
/// - Returns: at least as many values and keys as there are.
func countValues(of text: RawSpan, limits: JSONDocument.Limits) throws(JSONError) -> Int {
  var depth = 0
  var values = 1
  var inString = false
  var index = 0
  let count = text.byteCount
  while index < count {
    let byte = unsafe text.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    index += 1
    if inString {
      if byte == UInt8(ascii: "\\") { index += 1 }
      if byte == UInt8(ascii: "\"") { inString = false }
      continue
    }
    switch byte {
    case UInt8(ascii: "\""): inString = true
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      depth += 1
      values += 1
      guard depth <= limits.depth else {
        throw JSONError("nested deeper than \(limits.depth) levels", at: index - 1, in: text)
      }
    case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
    case UInt8(ascii: ","), UInt8(ascii: ":"): values += 1
    default: break
    }
  }
  guard values <= limits.values else {
    throw JSONError("more than \(limits.values) values")
  }
  return values
}
