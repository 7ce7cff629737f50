internal import Messages

/// The files of a server's services with all they import, by name and by symbol.
struct ReflectionIndex: Sendable {
  private var files: [String: FileDescriptor] = [:]
  private var fileOfSymbol: [String: String] = [:]
  let serviceNames: [String]

  init(files roots: [FileDescriptor], serviceNames: [String]) {
    self.serviceNames = serviceNames.sorted()
    var open = roots
    while let file = open.popLast() {
      guard files[file.name] == nil else { continue }
      files[file.name] = file
      for symbol in file.symbols { fileOfSymbol[symbol] = file.name }
      open.append(contentsOf: file.imports)
    }
  }

  /// The encoded file and, behind it, those it imports, each once; nil if there is none of that
  /// name.
  func file(named name: String) -> [[UInt8]]? {
    guard let first = files[name] else { return nil }
    var order = [first]
    var seen: Set<String> = [name]
    var next = 0
    while next < order.count {
      for imported in order[next].imports where seen.insert(imported.name).inserted {
        order.append(imported)
      }
      next += 1
    }
    return order.map(\.bytes)
  }

  /// - Parameter symbol: full name, with or without a leading dot.
  func file(containing symbol: String) -> [[UInt8]]? {
    let name = symbol.hasPrefix(".") ? String(symbol.dropFirst()) : symbol
    return fileOfSymbol[name].flatMap { file(named: $0) }
  }
}
