/// Finds stop strings in streamed text and holds back what may yet become one.
///
/// For every stop string, `matched` is the length of its longest prefix that ends the text so far
/// (Knuth, Morris, Pratt 1977); text is withheld while any is above 0.
///
///     push(text) ──no match──▶ text that no stop string can still claim
///         └──match──▶ text before the stop string, stopped; later pushes give nothing
///     finish() ──▶ the text held back
package struct StopStrings: Sendable {
  package static let maximumCount = 16
  package static let maximumBytes = 256

  /// Text that may be shown, and whether a stop string was met.
  package struct Emission: Sendable, Equatable {
    package var text: String
    package var stopped: Bool
  }

  private struct Pattern: Sendable {
    let bytes: [UInt8]
    /// `fallback[n]` is the longest proper prefix of the first n bytes that is also their suffix.
    let fallback: [Int]
    var matched = 0

    init(_ text: String) {
      bytes = Array(text.utf8)
      var fallback = [0, 0]
      var length = 0
      for byte in bytes.dropFirst() {
        while length > 0 && bytes[length] != byte { length = fallback[length] }
        if bytes[length] == byte { length += 1 }
        fallback.append(length)
      }
      self.fallback = fallback
    }

    /// True when `byte` completes the string.
    mutating func advance(_ byte: UInt8) -> Bool {
      while matched > 0 && bytes[matched] != byte { matched = fallback[matched] }
      if bytes[matched] == byte { matched += 1 }
      return matched == bytes.count
    }
  }

  private var patterns: [Pattern]
  private var held: [UInt8] = []
  private var stopped = false

  /// Throws `invalidInput` when there are too many strings, or one is empty or too long.
  package init(_ strings: [String]) throws(InferenceError) {
    guard strings.count <= Self.maximumCount else {
      throw InferenceError(
        .invalidInput, "\(strings.count) stop strings; allowed are at most \(Self.maximumCount)")
    }
    for (index, string) in strings.enumerated() {
      guard (1...Self.maximumBytes).contains(string.utf8.count) else {
        throw InferenceError(
          .invalidInput,
          "stop[\(index)] has \(string.utf8.count) bytes; allowed are 1 to \(Self.maximumBytes)")
      }
    }
    patterns = strings.map { Pattern($0) }
  }

  /// Takes the next piece of text. When several strings end on the same byte, the longest counts.
  package mutating func push(_ text: String) -> Emission {
    guard !stopped else { return Emission(text: "", stopped: true) }
    guard !patterns.isEmpty else { return Emission(text: text, stopped: false) }
    for byte in text.utf8 {
      held.append(byte)
      var longest = 0
      for index in patterns.indices where patterns[index].advance(byte) {
        longest = max(longest, patterns[index].bytes.count)
      }
      if longest > 0 {
        stopped = true
        let shown = release(held.count - longest)
        held = []
        return Emission(text: shown, stopped: true)
      }
    }
    let withheld = patterns.map(\.matched).max() ?? 0
    return Emission(text: release(held.count - withheld), stopped: false)
  }

  /// The text held back, once it is known that nothing follows; empty after a stop.
  package mutating func finish() -> String {
    release(held.count)
  }

  // A stop string begins with the first byte of a character, so the cut never splits one.
  private mutating func release(_ count: Int) -> String {
    let text = String(decoding: held[..<count], as: UTF8.self)
    held.removeFirst(count)
    return text
  }
}
