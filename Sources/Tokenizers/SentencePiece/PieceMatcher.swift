internal import Bytes

/// Finds the longest of some pieces at each place of a text, in one pass: whatever the pieces and
/// the text are, time grows with the text alone.
///
/// The text is read from its end, by an automaton of the pieces written backwards (Aho & Corasick
/// 1975): its state is the longest part of a piece that begins at the place just read, so it knows
/// of every whole piece that does.
struct PieceMatcher: Sendable {
  /// The last byte of each node's path. Nodes stand in order of depth and then of their paths, so
  /// that the children of node n are those from `firstChild[n]` up to `firstChild[n + 1]`.
  private var bytes: [UInt8] = [0]
  private var firstChild: [Int32] = []
  /// The node of the longest part that is left of a path without its beginning.
  private var fallback: [Int32] = [0]
  /// The longest piece that a path ends with; -1 where there is none.
  private var longest: [Int32] = [-1]
  /// Children of the first node by byte; 0 where there is none.
  private var roots = [Int32](repeating: 0, count: 256)

  /// - Parameter ids: of the pieces to be found: none empty, no two the same.
  init(_ pieces: PackedStrings, _ ids: [Int32]) {
    let reversed = ids.map { id -> (id: Int32, bytes: [UInt8]) in
      let piece = pieces[Int(id)]
      return (id, piece.indices.reversed().map { piece[$0] })
    }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    // The pieces whose paths lead through a node lie side by side: it waits with their range.
    var waiting = [reversed.indices]
    var depths = [0]
    var node = 0
    while node < waiting.count {
      firstChild.append(Int32(bytes.count))
      var rest = waiting[node]
      let depth = depths[node]
      if let first = rest.first, reversed[first].bytes.count == depth {
        longest[node] = reversed[first].id
        rest.removeFirst()
      }
      while let first = rest.first {
        let byte = reversed[first].bytes[depth]
        let end = rest.first { reversed[$0].bytes[depth] != byte } ?? rest.endIndex
        waiting.append(first..<end)
        depths.append(depth + 1)
        add(byte, to: node)
        rest = end..<rest.endIndex
      }
      if longest[node] < 0 { longest[node] = longest[Int(fallback[node])] }
      node += 1
    }
    firstChild.append(Int32(bytes.count))
  }

  private mutating func add(_ byte: UInt8, to node: Int) {
    if node == 0 { roots[Int(byte)] = Int32(bytes.count) }
    fallback.append(node == 0 ? 0 : next(Int(fallback[node]), byte))
    bytes.append(byte)
    longest.append(-1)
  }

  /// Where a byte leads from a node: down, or first to shorter and shorter parts.
  private func next(_ node: Int, _ byte: UInt8) -> Int32 {
    var node = node
    while node > 0 {
      var (low, high) = (Int(firstChild[node]), Int(firstChild[node + 1]))
      while low < high {
        let middle = (low + high) / 2
        if bytes[middle] < byte { low = middle + 1 } else { high = middle }
      }
      if low < firstChild[node + 1], bytes[low] == byte { return Int32(low) }
      node = Int(fallback[node])
    }
    return roots[Int(byte)]
  }

  /// The id of the longest piece that begins at each byte, -1 where none does; nil where there are
  /// no pieces.
  func matches(in text: Span<UInt8>) -> [Int32]? {
    guard bytes.count > 1 else { return nil }
    var found = [Int32](repeating: -1, count: text.count)
    var node: Int32 = 0
    for index in text.indices.reversed() {
      node = next(Int(node), text[index])
      found[index] = longest[Int(node)]
    }
    return found
  }
}
