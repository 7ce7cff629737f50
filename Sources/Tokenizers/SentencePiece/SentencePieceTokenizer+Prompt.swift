internal import Bytes

/// A stretch of a prompt that was put together of text and control tokens.
package struct PromptSegment: Sendable, Equatable {
  package var text: String
  /// Whether the names of control tokens in it stand for them. Of what comes from outside, never.
  package var holdsMarkers: Bool

  package init(_ text: String, holdsMarkers: Bool) {
    self.text = text
    self.holdsMarkers = holdsMarkers
  }
}

/// Prompts with structure.
///
///     segments ─▶ marker │ text │ marker │ text …
///
/// Text between two markers is encoded as one, wherever its parts came from, so that a word does
/// not know where a message began. A marker is found only within one segment that may hold some:
/// none comes of a message, nor of a piece of a message beside a piece of the template.
extension SentencePieceTokenizer {
  /// The ids of a prompt that a model goes on with: begun as the model expects, not ended.
  ///
  /// As with llama.cpp, which the files are made for: the begin token is added where the file says
  /// so, but not twice, and the space before a text (`addsSpacePrefix`) after each marker too.
  ///
  /// - Throws: where all segments together are longer than `maximumBytes`; `cancelled` when they
  ///   are not wanted any more.
  package func encode(
    _ segments: [PromptSegment], while isWanted: () -> Bool = { true }
  ) throws(TokenizerError) -> [Int32] {
    let count = segments.reduce(0) { $0 + $1.text.utf8.count }
    guard count <= maximumBytes else {
      throw TokenizerError(
        .textTooLong, "the prompt has \(count) bytes; at most \(maximumBytes) are allowed")
    }
    var ids: [Int32] = []
    var pending = ""
    for segment in segments {
      guard segment.holdsMarkers else {
        pending += segment.text
        continue
      }
      let bytes = Array(segment.text.utf8)
      let matches = markers.matcher.matches(in: bytes.span)
      var (start, index) = (0, 0)
      while let matches, index < bytes.count {
        guard matches[index] >= 0 else {
          index += 1
          continue
        }
        pending += String(decoding: bytes[start..<index], as: UTF8.self)
        try append(pending, keepsMarkers: false, to: &ids, while: isWanted)
        pending = ""
        ids.append(matches[index])
        index += table.pieces.range(Int(matches[index])).count
        start = index
      }
      pending += String(decoding: bytes[start...], as: UTF8.self)
    }
    try append(pending, keepsMarkers: false, to: &ids, while: isWanted)
    if options.addsBegin, let begin = options.beginID, ids.first != begin {
      ids.insert(begin, at: 0)
    }
    return ids
  }
}
