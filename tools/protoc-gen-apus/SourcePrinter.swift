/// Gathers lines of Swift with their indentation.
struct SourcePrinter {
  private(set) var text = ""
  private var depth = 0

  /// Prints lines, each indented to the present depth; an empty string prints an empty line.
  mutating func print(_ lines: String...) {
    for line in lines {
      if !line.isEmpty {
        text += String(repeating: "  ", count: depth)
        text += line
      }
      text += "\n"
    }
  }

  /// Prints `opening {`, what `body` prints one level deeper, and `}`.
  mutating func block(_ opening: String, _ body: (inout SourcePrinter) throws -> Void) rethrows {
    print(opening + " {")
    depth += 1
    try body(&self)
    depth -= 1
    print("}")
  }

  /// Prints lines one level deeper.
  mutating func indented(_ body: (inout SourcePrinter) throws -> Void) rethrows {
    depth += 1
    try body(&self)
    depth -= 1
  }

  /// Prints a comment of a .proto file as documentation.
  mutating func documentation(_ comment: String, fallback: String = "") {
    let source = comment.isEmpty ? fallback : comment
    var lines = source.split(separator: "\n", omittingEmptySubsequences: false).map {
      var line = Substring($0)
      if line.first == " " { line = line.dropFirst() }
      while line.last == " " || line.last == "\t" || line.last == "\r" { line = line.dropLast() }
      return String(line)
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    while lines.first?.isEmpty == true { lines.removeFirst() }
    for line in lines { print(line.isEmpty ? "///" : "/// " + line) }
  }
}
