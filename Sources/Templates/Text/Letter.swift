/// A character of text as templates know it: a Unicode scalar, and where it came from.
///
/// The origin travels with the letter through every slice, split, trim and concatenation, so that
/// at the end it is known of each character whether the template wrote it or a message brought it.
/// Comparing letters does not look at it.
struct Letter: Hashable, Comparable, Sendable {
  /// The scalar in the low 21 bits, the origin in the highest.
  private let bits: UInt32
  private static let foreignBit: UInt32 = 1 << 31
  private static let scalarMask: UInt32 = 0x1f_ffff

  init(_ scalar: Unicode.Scalar, isForeign: Bool = false) {
    bits = scalar.value | (isForeign ? Letter.foreignBit : 0)
  }

  var scalar: Unicode.Scalar { Unicode.Scalar(bits & Letter.scalarMask) ?? "\u{fffd}" }

  /// Whether it came from a message, not from the template.
  var isForeign: Bool { bits & Letter.foreignBit != 0 }

  /// Another character of the same origin.
  func with(_ scalar: Unicode.Scalar) -> Letter { Letter(scalar, isForeign: isForeign) }

  static func == (left: Letter, right: Letter) -> Bool {
    (left.bits ^ right.bits) & scalarMask == 0
  }

  static func < (left: Letter, right: Letter) -> Bool {
    left.bits & scalarMask < right.bits & scalarMask
  }

  func hash(into hasher: inout Hasher) { hasher.combine(bits & Letter.scalarMask) }

  var isSpace: Bool { scalar.isPythonSpace }
}

extension Unicode.Scalar {
  /// What Python's `str.isspace` and `\s` take for white space: Unicode's, and four separators.
  var isPythonSpace: Bool {
    switch value {
    case 0x21...0x7e: false
    case 0x1c...0x1f: true
    default: properties.isWhitespace
    }
  }

  /// Where Python's `str.splitlines` ends a line.
  var isPythonLineEnd: Bool {
    switch value {
    case 0x0a...0x0d, 0x1c...0x1e, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }
}
