/// BERT's normalisation of single scalars: what goes, what parts words, and what the rest becomes.
///
/// Each scalar is taken by itself. Canonical reordering is left out: accent stripping takes all
/// marks that occur in it, but for a handful of spacing ones of musical notation and Hangul tones.
struct CharacterNormalizer: Sendable {
  enum Kind: Sendable {
    case removed
    /// Parts words.
    case space
    /// A word of its own.
    case punctuation
    /// A word of its own after normalisation.
    case ideograph
    /// Part of a word, as it is.
    case plain
    /// To be asked for its targets.
    case other
  }

  private let options: WordPieceTokenizer.Normalization
  /// The first 128 scalars; lower case is left to the targets.
  private let ascii: [Kind]

  init(_ options: WordPieceTokenizer.Normalization) {
    self.options = options
    ascii = (0..<128).map { Self.asciiKind($0, options) }
  }

  private static func asciiKind(
    _ scalar: UInt32, _ options: WordPieceTokenizer.Normalization
  ) -> Kind {
    switch scalar {
    case 0x09, 0x0a, 0x0d, 0x20: .space
    case 0x0b, 0x0c: options.cleansText ? .removed : .space
    case 0..<0x20, 0x7f: options.cleansText ? .removed : .plain
    case 0x41...0x5a: options.lowercases ? .other : .plain
    case 0x30...0x39, 0x61...0x7a: .plain
    default: .punctuation
    }
  }

  func kind(_ scalar: UInt32) -> Kind {
    if scalar < 128 { return ascii[Int(scalar)] }
    if options.cleansText, contains(CharacterTables.removed, scalar) { return .removed }
    if options.separatesIdeographs, contains(CharacterTables.ideographs, scalar) {
      return .ideograph
    }
    return .other
  }

  /// Calls `body` with each scalar that this one becomes, and what that is to a word.
  func forEachTarget(of scalar: UInt32, _ body: (UInt32, Kind) -> Void) {
    if scalar < 128 {
      // Only capitals get here, and only to become small.
      return body(scalar | 0x20, .plain)
    }
    guard options.stripsAccents else { return lower(scalar, body) }
    if contains(CharacterTables.marks, scalar) { return }
    if 0xac00...0xd7a3 ~= scalar {
      // Hangul syllables fall into two or three letters (Unicode 3.12).
      let index = scalar - 0xac00
      lower(0x1100 + index / 588, body)
      lower(0x1161 + index % 588 / 28, body)
      if index % 28 > 0 { lower(0x11a7 + index % 28, body) }
      return
    }
    forEach(scalar, CharacterTables.stripped, CharacterTables.strippedLonger) { lower($0, body) }
  }

  private func lower(_ scalar: UInt32, _ body: (UInt32, Kind) -> Void) {
    guard options.lowercases else { return body(scalar, targetKind(scalar)) }
    if 0x41...0x5a ~= scalar { return body(scalar | 0x20, .plain) }
    forEach(scalar, CharacterTables.lowered, CharacterTables.loweredLonger) {
      body($0, targetKind($0))
    }
  }

  private func targetKind(_ scalar: UInt32) -> Kind {
    if scalar < 128 {
      return ascii[Int(scalar)] == .punctuation
        ? .punctuation : ascii[Int(scalar)] == .space ? .space : .plain
    }
    if contains(CharacterTables.whitespace, scalar) { return .space }
    return contains(CharacterTables.punctuation, scalar) ? .punctuation : .plain
  }

  /// Calls `body` with what the tables make of a scalar, which may be itself.
  private func forEach(
    _ scalar: UInt32, _ runs: [UInt32], _ longer: [UInt32], _ body: (UInt32) -> Void
  ) {
    if let row = row(runs, width: 3, scalar), scalar <= runs[row + 1] {
      return body(runs[row + 2] + scalar - runs[row])
    }
    if let row = row(longer, width: 4, scalar), longer[row] == scalar {
      for target in longer[row + 1..<row + 4] where target != 0 { body(target) }
      return
    }
    body(scalar)
  }

  /// Whether a table of runs (first, last) holds the scalar.
  private func contains(_ runs: [UInt32], _ scalar: UInt32) -> Bool {
    guard let row = row(runs, width: 2, scalar) else { return false }
    return scalar <= runs[row + 1]
  }

  /// Where the last row begins whose first number is not above `scalar`.
  private func row(_ table: [UInt32], width: Int, _ scalar: UInt32) -> Int? {
    var low = 0
    var high = table.count / width
    while low < high {
      let middle = (low + high) / 2
      if table[middle * width] <= scalar { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : (low - 1) * width
  }
}
