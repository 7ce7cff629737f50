internal import Bytes

/// Writes JSON text (RFC 8259) front to back into one buffer; commas place themselves.
///
/// The caller pairs `begin` and `end`; keys and values are escaped here.
package struct JSONWriter: Sendable {
  /// The text so far, in UTF-8.
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false
  private let escapesInvisible: Bool

  /// - Parameter escapesInvisible: for text that people look at: whatever is no visible character
  ///   (`VisibleText`) is escaped as well.
  package init(escapesInvisible: Bool = false) {
    self.escapesInvisible = escapesInvisible
    // What most answers take: the buffer need not grow its way there.
    bytes.reserveCapacity(512)
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Forgets the text, keeps the memory.
  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  package mutating func beginObject() { open("{") }
  package mutating func endObject() { close("}") }
  package mutating func beginArray() { open("[") }
  package mutating func endArray() { close("]") }

  /// The key of the value that comes next.
  package mutating func key(_ key: String) {
    quote(key, thenColon: true)
    needsComma = false
  }

  package mutating func string(_ value: String) { quote(value, thenColon: false) }

  private mutating func quote(_ text: String, thenColon: Bool) {
    let utf8 = text.utf8.span
    guard Self.isPlain(utf8, isASCII: escapesInvisible) else {
      separate()
      bytes.append(UInt8(ascii: "\""))
      if escapesInvisible {
        for scalar in text.unicodeScalars { append(scalar) }
      } else {
        escape(utf8)
      }
      bytes.append(UInt8(ascii: "\""))
      if thenColon { bytes.append(UInt8(ascii: ":")) }
      return
    }
    // Nearly all texts, and at once.
    let needsComma = needsComma
    bytes.append(addingCapacity: utf8.count + 4) { output in
      if needsComma { output.append(UInt8(ascii: ",")) }
      output.append(UInt8(ascii: "\""))
      for place in utf8.indices { output.append(utf8[place]) }
      output.append(UInt8(ascii: "\""))
      if thenColon { output.append(UInt8(ascii: ":")) }
    }
    self.needsComma = true
  }

  package mutating func integer(_ value: some FixedWidthInteger) { digits(String(value)) }

  /// The shortest decimal that reads back as the same value; null for what JSON cannot say.
  package mutating func number(_ value: Double) {
    guard value.isFinite else { return null() }
    digits(value.description)
  }

  /// The same for a float: its own shortest decimal, not that of the double it converts to.
  package mutating func number(_ value: Float) {
    guard value.isFinite else { return null() }
    digits(value.description)
  }

  /// A value that is JSON text already.
  package mutating func json(_ text: some Collection<UInt8>) {
    separate()
    bytes.append(contentsOf: text)
  }

  package mutating func boolean(_ value: Bool) {
    separate()
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  private mutating func digits(_ text: String) {
    separate()
    bytes.append(utf8: text)
  }

  private mutating func open(_ bracket: Unicode.Scalar) {
    separate()
    bytes.append(UInt8(ascii: bracket))
    needsComma = false
  }

  private mutating func close(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  /// Stretches that need no escape are copied at once.
  private mutating func escape(_ utf8: Span<UInt8>) {
    var start = 0
    for index in utf8.indices where Self.needsEscape(utf8[index]) {
      append(utf8.extracting(start..<index))
      escape(utf8[index])
      start = index + 1
    }
    append(utf8.extracting(start..<utf8.count))
  }

  private mutating func append(_ plain: Span<UInt8>) {
    unsafe plain.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    if scalar.isASCII, Self.needsEscape(UInt8(truncatingIfNeeded: scalar.value)) {
      escape(UInt8(truncatingIfNeeded: scalar.value))
    } else if VisibleText.isVisible(scalar) {
      bytes.append(contentsOf: scalar.utf8)
    } else {
      for unit in scalar.utf16 { escape(unit) }
    }
  }

  /// Whether nothing needs an escape.
  ///
  /// - Parameter isASCII: other texts are not plain then.
  private static func isPlain(_ utf8: Span<UInt8>, isASCII: Bool) -> Bool {
    let bytes = unsafe utf8.bytes
    var place = 0
    while place + 8 <= bytes.byteCount {
      let eight = EightBytes(bytes, at: place)
      let found = eight.toBeEscaped | eight.equal(to: 0x7f) | (isASCII ? eight.notASCII : 0)
      guard found == 0 else { return false }
      place += 8
    }
    while place < utf8.count {
      guard !needsEscape(utf8[place]), !isASCII || utf8[place] < 0x80 else { return false }
      place += 1
    }
    return true
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7f
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
    case UInt8(ascii: "\r"): bytes.append(contentsOf: "\\r".utf8)
    case UInt8(ascii: "\t"): bytes.append(contentsOf: "\\t".utf8)
    default: escape(UInt16(byte))
    }
  }

  /// One unit of UTF-16 as four hexadecimal digits.
  private mutating func escape(_ unit: UInt16) {
    bytes.append(contentsOf: "\\u".utf8)
    for shift in [12, 8, 4, 0] {
      let digit = UInt8(unit >> shift & 15)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}
