/// A route's path, such as `/v1/models/{name}`: segments that must be equal or are captured.
struct PathPattern: Sendable, CustomStringConvertible {
  let description: String
  private let segments: [Segment]

  private enum Segment: Sendable {
    case literal(String)
    case capture(String)
  }

  init(_ text: String) {
    description = text
    segments = text.split(separator: "/").map { part in
      part.hasPrefix("{") ? .capture(String(part.dropFirst().dropLast())) : .literal(String(part))
    }
  }

  /// The names of what it captures, in order.
  var names: [String] {
    segments.compactMap { segment in
      if case .capture(let name) = segment { return name }
      return nil
    }
  }

  /// What the pattern captures of a path's segments; nil if they do not fit it.
  func match(_ path: [String]) -> [String]? {
    guard path.count == segments.count else { return nil }
    var captured: [String] = []
    for (segment, part) in zip(segments, path) {
      switch segment {
      case .literal(let text): guard text == part else { return nil }
      case .capture:
        guard !part.isEmpty else { return nil }
        captured.append(part)
      }
    }
    return captured
  }
}
