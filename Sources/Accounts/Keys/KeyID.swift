internal import Crypto

/// The public name of a key: eight letters and digits, safe to log, show and send.
package struct KeyID: Sendable, Hashable, Comparable, CustomStringConvertible {
  package static let length = 8

  /// The characters' bytes, the first lowest; 0 for nobody's key.
  let packed: UInt64

  /// Whoever calls without a key where that is allowed.
  package static let anonymous = KeyID(packed: 0)

  init(packed: UInt64) { self.packed = packed }

  /// - Returns: nil unless the text is eight letters and digits, or `anonymous`.
  package init?(_ text: String) {
    if text == "anonymous" {
      self = .anonymous
      return
    }
    guard text.utf8.count == Self.length, text.utf8.allSatisfy(Base62.contains) else { return nil }
    self.init(packed: text.utf8.reversed().reduce(0) { $0 << 8 | UInt64($1) })
  }

  package var description: String {
    guard packed != 0 else { return "anonymous" }
    return String(
      decoding: (0..<8).map { UInt8(truncatingIfNeeded: packed >> (8 * $0)) }, as: UTF8.self)
  }

  package static func < (left: KeyID, right: KeyID) -> Bool {
    left.packed.byteSwapped < right.packed.byteSwapped
  }
}
