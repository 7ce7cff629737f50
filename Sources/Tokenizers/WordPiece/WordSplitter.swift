internal import Bytes

/// Takes a text scalar by scalar, gathers words and cuts each into pieces as it ends.
struct WordSplitter {
  private let tokenizer: WordPieceTokenizer
  /// Ids before the last token's place.
  private let limit: Int
  private var ids: [Int32] = []
  /// The normalised word so far, in UTF-8; past the longest word allowed it only counts.
  private var word: [UInt8] = []
  /// Its length in characters.
  private var length = 0
  /// Ends of the beginnings of what is left of a word, with their hashes.
  private var prefixes: [(end: Int, hash: PieceTable.Hash)] = []

  init(_ tokenizer: WordPieceTokenizer) {
    self.tokenizer = tokenizer
    limit = tokenizer.options.maximumTokens - 1
    ids.append(tokenizer.beginID)
  }

  /// Whether more text changes nothing.
  var isFull: Bool { ids.count >= limit }

  mutating func append(_ scalar: Unicode.Scalar) {
    switch tokenizer.normalizer.kind(scalar.value) {
    case .removed: return
    case .space: endWord()
    case .plain: gather(scalar.value)
    case .punctuation: single(scalar.value)
    case .ideograph:
      endWord()
      normalize(scalar.value)
      endWord()
    case .other: normalize(scalar.value)
    }
  }

  /// The ids of the whole text.
  mutating func finish() -> [Int32] {
    endWord()
    if ids.count > limit { ids.removeLast(ids.count - limit) }
    ids.append(tokenizer.endID)
    return ids
  }

  private mutating func normalize(_ scalar: UInt32) {
    tokenizer.normalizer.forEachTarget(of: scalar) { target, kind in
      switch kind {
      case .space: endWord()
      case .punctuation: single(target)
      default: gather(target)
      }
    }
  }

  private mutating func single(_ scalar: UInt32) {
    endWord()
    gather(scalar)
    endWord()
  }

  private mutating func gather(_ scalar: UInt32) {
    length += 1
    guard length <= tokenizer.options.maximumWordLength else { return }
    if scalar < 0x80 {
      word.append(UInt8(truncatingIfNeeded: scalar))
    } else if let scalar = Unicode.Scalar(scalar) {
      word.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }

  /// Cuts the word into the longest pieces from the left; all or nothing.
  private mutating func endWord() {
    guard length > 0, !isFull else { return clearWord() }
    let count = ids.count
    var start = length <= tokenizer.options.maximumWordLength ? 0 : -1
    while start >= 0, start < word.count {
      if let (id, end) = longestPiece(from: start) {
        ids.append(id)
        start = end
      } else {
        start = -1
      }
    }
    if start < 0 {
      ids.removeLast(ids.count - count)
      ids.append(tokenizer.unknownID)
    }
    clearWord()
  }

  private mutating func clearWord() {
    word.removeAll(keepingCapacity: true)
    length = 0
  }

  private mutating func longestPiece(from start: Int) -> (id: Int32, end: Int)? {
    let table = tokenizer.table
    let isContinuing = start > 0
    var hash = isContinuing ? tokenizer.continuationHash : table.start
    let room = table.longest - (isContinuing ? tokenizer.continuation.count : 0)
    prefixes.removeAll(keepingCapacity: true)
    var end = start
    while end < word.count, end - start < room {
      hash.add(word[end])
      end += 1
      // A piece ends where a character does.
      if end == word.count || word[end] & 0xc0 != 0x80 { prefixes.append((end, hash)) }
    }
    let prefix = isContinuing ? tokenizer.continuation : []
    while let (end, hash) = prefixes.popLast() {
      let bytes = word.span.extracting(start..<end)
      if let id = table.id(hash, prefix: prefix, bytes) { return (id, end) }
    }
    return nil
  }
}
