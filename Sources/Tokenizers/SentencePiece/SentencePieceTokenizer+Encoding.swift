internal import Bytes

extension SentencePieceTokenizer {
  package func encode(_ text: String) throws(TokenizerError) -> [Int32] {
    try encode(text, while: { true })
  }

  /// - Parameter isWanted: asked now and then; `cancelled` is thrown when it says no.
  package func encode(
    _ text: String, while isWanted: () -> Bool
  ) throws(TokenizerError) -> [Int32] {
    try checkLength(text)
    var ids: [Int32] = []
    if options.addsBegin, let begin = options.beginID { ids.append(begin) }
    try append(text, keepsMarkers: true, to: &ids, while: isWanted)
    if options.addsEnd, let end = options.endID { ids.append(end) }
    return ids
  }

  /// The ids of a text and nothing around it.
  ///
  /// - Parameter keepsMarkers: whether user-defined pieces in it that are markers become one.
  func append(
    _ text: String, keepsMarkers: Bool, to ids: inout [Int32], while isWanted: () -> Bool
  ) throws(TokenizerError) {
    let bytes = escape(text)
    guard !bytes.isEmpty else { return }
    var merger = try PairMerger(self, bytes, keepsMarkers: keepsMarkers, while: isWanted)
    try merger.mergeAll(while: isWanted)
    merger.append(to: &ids)
  }

  /// A token stands for no more bytes than the longest piece has. That says nothing where spaces
  /// are dropped, or where characters in a row become one unknown token.
  package func fewestTokens(of text: String) -> Int {
    if options.removesExtraWhitespace || byteIDs.contains(-1) { return 0 }
    return text.utf8.count / max(1, table.longest)
  }

  /// The text's UTF-8 with spaces as U+2581, and one in front.
  private func escape(_ text: String) -> [UInt8] {
    let space: [UInt8] = [0xe2, 0x96, 0x81]
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count + text.utf8.count / 2 + 3)
    // What stands between the last character and the next, when extra spaces are removed.
    var pendingSpace = options.addsSpacePrefix
    if !options.removesExtraWhitespace, pendingSpace, !text.isEmpty {
      bytes.append(contentsOf: space)
    }
    for byte in text.utf8 {
      guard options.removesExtraWhitespace else {
        if byte == UInt8(ascii: " ") {
          bytes.append(contentsOf: space)
        } else {
          bytes.append(byte)
        }
        continue
      }
      if byte == UInt8(ascii: " ") {
        pendingSpace = pendingSpace || !bytes.isEmpty
      } else {
        if pendingSpace { bytes.append(contentsOf: space) }
        pendingSpace = false
        bytes.append(byte)
      }
    }
    return bytes
  }
}

/// Merges one text's symbols. Symbols form a doubly linked list over the bytes; candidates wait
/// in a heap and are dropped when one of their symbols has changed since: O(n log n).
private struct PairMerger {
  private struct Symbol {
    var start: Int32
    /// 0 once merged into the symbol before it.
    var count: Int32
    var previous: Int32
    var next: Int32
    /// User-defined pieces stay as they are.
    var isFrozen: Bool
  }

  private let tokenizer: SentencePieceTokenizer
  private let bytes: [UInt8]
  private let keepsMarkers: Bool
  private var symbols: [Symbol] = []
  private var queue = MergeQueue()
  /// How a merge that made an unused piece can be taken back: bytes of its left part, by id.
  private var leftCounts: [Int32: Int] = [:]

  init(
    _ tokenizer: SentencePieceTokenizer, _ bytes: [UInt8], keepsMarkers: Bool,
    while isWanted: () -> Bool
  ) throws(TokenizerError) {
    self.tokenizer = tokenizer
    self.bytes = bytes
    self.keepsMarkers = keepsMarkers
    split()
    for index in symbols.indices.dropFirst() {
      try check(index, isWanted)
      propose(Int32(index - 1), Int32(index))
    }
  }

  /// Into user-defined pieces, the longest first, and the characters between them.
  private mutating func split() {
    let matcher = keepsMarkers ? tokenizer.userDefined : tokenizer.userDefinedInMessages
    let matches = matcher.matches(in: bytes.span)
    symbols.reserveCapacity(bytes.count)
    var start = 0
    while start < bytes.count {
      let match = matches.flatMap { $0[start] < 0 ? nil : Int($0[start]) }
      let count =
        match.map { tokenizer.table.pieces.range($0).count }
        ?? min(utf8Length(bytes[start]), bytes.count - start)
      let index = Int32(symbols.count)
      symbols.append(
        Symbol(
          start: Int32(start), count: Int32(count), previous: index - 1, next: index + 1,
          isFrozen: match != nil))
      start += count
    }
    symbols[symbols.count - 1].next = -1
  }

  /// Looks up every 1,024 symbols, which take up to a millisecond.
  private func check(_ count: Int, _ isWanted: () -> Bool) throws(TokenizerError) {
    guard count % 1024 == 0, !isWanted() else { return }
    throw TokenizerError(.cancelled, "the text is not wanted any more")
  }

  /// Puts a pair of neighbours on the queue if together they are a piece.
  private mutating func propose(_ left: Int32, _ right: Int32) {
    guard left >= 0, right >= 0 else { return }
    let (first, second) = (symbols[Int(left)], symbols[Int(right)])
    guard !first.isFrozen, !second.isFrozen else { return }
    let range = Int(first.start)..<Int(second.start + second.count)
    guard range.count <= tokenizer.table.longest,
      let id = tokenizer.table.id(bytes.span.extracting(range)),
      keepsMarkers || !tokenizer.markers.has(id)
    else { return }
    queue.push(
      MergeQueue.Candidate(
        score: tokenizer.scores[Int(id)], left: left, right: right, count: Int32(range.count)))
    if tokenizer.types[Int(id)] == .unused { leftCounts[id] = Int(first.count) }
  }

  mutating func mergeAll(while isWanted: () -> Bool) throws(TokenizerError) {
    var count = 0
    while let candidate = queue.pop() {
      count += 1
      try check(count, isWanted)
      let (left, right) = (Int(candidate.left), Int(candidate.right))
      guard symbols[left].count > 0, symbols[right].count > 0,
        symbols[left].count + symbols[right].count == candidate.count
      else { continue }
      symbols[left].count = candidate.count
      symbols[left].next = symbols[right].next
      symbols[right].count = 0
      if symbols[left].next >= 0 {
        symbols[Int(symbols[left].next)].previous = candidate.left
      }
      propose(symbols[left].previous, candidate.left)
      propose(candidate.left, symbols[left].next)
    }
  }

  func append(to ids: inout [Int32]) {
    var index: Int32 = 0
    var afterUnknown = false
    while index >= 0 {
      let symbol = symbols[Int(index)]
      let range = Int(symbol.start)..<Int(symbol.start + symbol.count)
      append(range, to: &ids, &afterUnknown)
      index = symbol.next
    }
  }

  /// The ids of one symbol: its piece, its bytes, or (once for several in a row) the unknown one.
  private func append(_ range: Range<Int>, to ids: inout [Int32], _ afterUnknown: inout Bool) {
    if let id = tokenizer.table.id(bytes.span.extracting(range)) {
      if tokenizer.types[Int(id)] == .unused, let left = leftCounts[id] {
        append(range.prefix(left), to: &ids, &afterUnknown)
        append(range.dropFirst(left), to: &ids, &afterUnknown)
      } else {
        ids.append(id)
        afterUnknown = false
      }
      return
    }
    let byteIDs = range.map { tokenizer.byteIDs[Int(bytes[$0])] }
    if !byteIDs.contains(-1) {
      ids.append(contentsOf: byteIDs)
      afterUnknown = false
    } else if !afterUnknown, let unknown = tokenizer.options.unknownID {
      ids.append(unknown)
      afterUnknown = true
    }
  }
}

/// Bytes of the character that starts with this byte, in text that is known to be UTF-8.
private func utf8Length(_ byte: UInt8) -> Int {
  switch byte {
  case ..<0xc0: 1
  case ..<0xe0: 2
  case ..<0xf0: 3
  default: 4
  }
}
