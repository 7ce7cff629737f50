internal import Bytes
internal import Messages

/// Messages first in, first out, as they are, and how many bytes they would take on the wire.
struct MessageList {
  private struct Entry {
    let message: any Message
    let size: Int
  }

  private var entries = Ring<Entry>()
  /// Bytes of all, with their framing: an empty message counts too.
  private(set) var count = 0

  var isEmpty: Bool { entries.isEmpty }

  /// - Parameter size: bytes of the encoded message.
  mutating func append(_ message: some Message, size: Int) {
    count += Framing.prefixSize + size
    entries.append(Entry(message: message, size: size))
  }

  mutating func popFirst() -> (any Message)? {
    guard let entry = entries.popFirst() else { return nil }
    count -= Framing.prefixSize + entry.size
    return entry.message
  }

  mutating func removeAll() { self = MessageList() }
}
