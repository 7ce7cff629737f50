/// Ordered call metadata. Names are lower case; a `-bin` name carries bytes, any other ASCII text.
public struct Metadata: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  public struct Entry: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
      case text(String)
      case binary([UInt8])
    }
    public let name: String
    public let value: Value
    /// Whether the next call has another value there, so that compressing it against this one is of
    /// no use.
    public let changes: Bool
    public init(name: String, value: Value, changes: Bool = false) {
      self.name = name
      self.value = value
      self.changes = changes
    }

    /// Whether they say the same, however it is sent.
    public static func == (left: Entry, right: Entry) -> Bool {
      left.name == right.name && left.value == right.value
    }
  }
  public private(set) var entries: [Entry] = []

  public init() {}
  public init(dictionaryLiteral elements: (String, String)...) {
    entries = elements.map { Entry(name: $0.0, value: .text($0.1)) }
  }

  public mutating func append(_ entry: Entry) {
    // What most calls have at most: one allocation, not three.
    if entries.isEmpty { entries.reserveCapacity(4) }
    entries.append(entry)
  }
  public mutating func append(_ name: String, _ text: String, changes: Bool = false) {
    append(Entry(name: name, value: .text(text), changes: changes))
  }
  public mutating func append(_ name: String, binary: [UInt8]) {
    append(Entry(name: name, value: .binary(binary)))
  }

  /// The first text value of that name.
  public subscript(_ name: String) -> String? {
    for entry in entries where entry.name == name {
      if case .text(let text) = entry.value { return text }
    }
    return nil
  }
  /// The first binary value of that name.
  public subscript(binary name: String) -> [UInt8]? {
    for entry in entries where entry.name == name {
      if case .binary(let bytes) = entry.value { return bytes }
    }
    return nil
  }
}
