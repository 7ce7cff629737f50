/// What a request line asks for: a path and a query, both still percent-encoded.
struct Target: Sendable {
  /// From the first slash to the question mark.
  let path: String
  /// Bytes of the whole.
  let size: Int
  private let rawQuery: Substring

  /// Reads `/path?query`, and `http://host/path?query` as proxies are sent it.
  init(_ text: String) {
    size = text.utf8.count
    var rest = text[...]
    for scheme in ["http://", "https://"] where rest.hasPrefix(scheme) {
      rest = rest.dropFirst(scheme.utf8.count).drop { $0 != "/" && $0 != "?" }
    }
    let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?"))
    let end = mark ?? rest.endIndex
    path = String(rest[..<end])
    rawQuery = mark.map { rest[rest.utf8.index(after: $0)...] } ?? ""
  }

  /// The path's segments, decoded; nil if one is no percent-encoded UTF-8, or the path does not
  /// begin with a slash.
  var segments: [String]? {
    guard path.utf8.first == UInt8(ascii: "/") else { return nil }
    var segments: [String] = []
    for part in path.utf8.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    {
      guard let segment = Self.decode(part, plusIsBlank: false) else { return nil }
      segments.append(segment)
    }
    return segments
  }

  /// The query's items, decoded, in order; nil if one does not decode.
  var query: [(name: String, value: String)]? {
    var items: [(name: String, value: String)] = []
    for part in rawQuery.utf8.split(separator: UInt8(ascii: "&")) {
      let sign = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
      guard let name = Self.decode(part[..<sign], plusIsBlank: true),
        let value = Self.decode(part[sign...].dropFirst(), plusIsBlank: true)
      else { return nil }
      items.append((name, value))
    }
    return items
  }

  /// RFC 3986, section 2.1; in queries a plus sign is a blank, as forms write it.
  static func decode(_ part: Substring.UTF8View, plusIsBlank: Bool) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(part.count)
    var rest = part
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
        else { return nil }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
