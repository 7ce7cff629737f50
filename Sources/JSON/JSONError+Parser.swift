internal import CRapidJSON

extension JSONError {
  /// - Parameters:
  ///   - result: of parsing `text`, not `RJ_FINE`.
  ///   - offset: what is to blame; in the text.
  init(_ result: rj_result, in text: RawSpan) {
    self.init(Self.reason(result.error), at: result.offset, in: text)
  }

  /// - Parameter offset: of the byte that is to blame; the text's size for its end.
  init(_ reason: String, at offset: Int, in text: RawSpan, over bound: Bound? = nil) {
    var line = 1
    var column = 1
    for index in 0..<min(offset, text.byteCount) {
      let byte = unsafe text.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    let found = offset < text.byteCount ? "" : "; the text ends here"
    self.init(reason + found, line: line, column: column, over: bound)
  }

  private static func reason(_ error: rj_error) -> String {
    switch error {
    case RJ_AFTER_ROOT: "expected the text to end here"
    case RJ_KEY: "expected a key in quotes, or }"
    case RJ_COLON: "expected : between key and value"
    case RJ_MEMBER_END: "expected , or }"
    case RJ_ELEMENT_END: "expected , or ]"
    case RJ_HEX: #"expected four hexadecimal digits after \u"#
    case RJ_SURROGATE: #"this \u escape is half of a surrogate pair"#
    case RJ_ESCAPE: #"unknown escape; allowed are \" \\ \/ \b \f \n \r \t \u"#
    case RJ_UNENDED: "this string does not end"
    case RJ_CONTROL: #"a control character in a string is to be written \u00XX"#
    case RJ_ENCODING: "this string is not UTF-8"
    case RJ_TOO_BIG: "this number is too big"
    case RJ_FRACTION: "expected a digit after the decimal point"
    case RJ_EXPONENT: "expected a digit in the exponent"
    case RJ_DUPLICATE: "this key stands twice in its object"
    case RJ_FULL: "there is no memory for so many values"
    default: "expected a value"
    }
  }
}
