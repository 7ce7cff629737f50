internal import Bytes

/// Turns a sequence's ids into text as they come, never handing out half a UTF-8 character.
///
/// The texts of all calls put together are what `decode` makes of all ids at once.
package struct StreamingDecoder: Sendable {
  private let tokenizer: SentencePieceTokenizer
  /// A text's first space is the one that encoding put there.
  private var dropsSpace: Bool
  /// Bytes of a character that is not whole yet, at most 3.
  private var pending: [UInt8] = []

  /// - Parameter continuing: whether the text goes on from another (an answer to a prompt), so
  ///   that a space at its start belongs to it.
  package init(_ tokenizer: SentencePieceTokenizer, continuing: Bool) {
    self.tokenizer = tokenizer
    dropsSpace = !continuing && tokenizer.options.addsSpacePrefix
  }

  /// The text that this id completes; empty while a character is not whole.
  package mutating func append(_ id: Int32) -> String {
    let count = pending.count
    tokenizer.appendBytes(of: id, to: &pending)
    if dropsSpace, pending.count > count {
      dropsSpace = false
      if pending[count] == UInt8(ascii: " ") { pending.remove(at: count) }
    }
    let whole = wholeCharacters(pending)
    defer { pending.removeFirst(whole) }
    return String(decoding: pending[..<whole], as: UTF8.self)
  }

  /// What is left at the end: U+FFFD for a character that never became whole.
  package mutating func finish() -> String {
    defer { pending.removeAll() }
    return String(decoding: pending, as: UTF8.self)
  }
}

extension SentencePieceTokenizer {
  package func decode(_ ids: [Int32]) -> String {
    var decoder = StreamingDecoder(self, continuing: false)
    var text = ""
    for id in ids { text += decoder.append(id) }
    return text + decoder.finish()
  }

  /// The bytes that one id stands for; none for control pieces and ids outside the vocabulary.
  fileprivate func appendBytes(of id: Int32, to bytes: inout [UInt8]) {
    guard types.indices ~= Int(id) else { return }
    switch types[Int(id)] {
    case .control: return
    case .unknown: bytes.append(contentsOf: " \u{2047} ".utf8)
    case .byte: if let byte = byteValues[id] { bytes.append(byte) }
    case .normal, .userDefined, .unused:
      let piece = table.pieces[Int(id)]
      var index = 0
      while index < piece.count {
        if index + 3 <= piece.count, piece[index] == 0xe2, piece[index + 1] == 0x96,
          piece[index + 2] == 0x81
        {
          bytes.append(UInt8(ascii: " "))
          index += 3
        } else {
          bytes.append(piece[index])
          index += 1
        }
      }
    }
  }
}

/// How many leading bytes hold no unfinished character: all of them, but for a tail that more
/// bytes could still make whole (Unicode 3.9, table 3-7).
private func wholeCharacters(_ bytes: [UInt8]) -> Int {
  for length in 1...3 where length <= bytes.count {
    let start = bytes.count - length
    let first = bytes[start]
    if first & 0xc0 == 0x80 { continue }
    let needed =
      switch first {
      case 0xc2...0xdf: 2
      case 0xe0...0xef: 3
      case 0xf0...0xf4: 4
      default: 1
      }
    guard needed > length else { return bytes.count }
    guard length > 1 else { return start }
    let second: ClosedRange<UInt8> =
      switch first {
      case 0xe0: 0xa0...0xbf
      case 0xed: 0x80...0x9f
      case 0xf0: 0x90...0xbf
      case 0xf4: 0x80...0x8f
      default: 0x80...0xbf
      }
    return second ~= bytes[start + 1] ? start : bytes.count
  }
  return bytes.count
}
