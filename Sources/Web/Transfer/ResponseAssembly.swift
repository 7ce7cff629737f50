internal import Glibc

/// A response that is still coming in: header lines and pieces of the body, each within its bound.
struct ResponseAssembly {
  /// Where the body of a success goes. That of any other status is kept: it says what went wrong.
  enum Destination: Sendable {
    case memory
    /// A descriptor open for writing; it stays the caller's.
    case file(Int32)
  }

  /// Why the rest is not wanted.
  enum Refusal: Equatable {
    case head(limit: Int)
    case body(limit: Int)
    case malformed(String)
    case file(errno: Int32)
  }

  /// Most bytes of all header lines together.
  static let headLimit = 65_536
  /// Most bytes kept of a body that was to go to a file and came with an error.
  static let errorLimit = 65_536

  let destination: Destination
  let bodyLimit: Int
  /// Nil until a status line has come.
  private(set) var status: Int?
  private(set) var headers: [(name: String, value: String)] = []
  private(set) var body: [UInt8] = []
  private(set) var bodyCount = 0
  private var headCount = 0

  init(destination: Destination, bodyLimit: Int) {
    self.destination = destination
    self.bodyLimit = bodyLimit
  }

  private var isSuccess: Bool { (200..<300).contains(status ?? 0) }

  /// Takes one line of the head, as it came, its line end included.
  ///
  /// A new status line begins anew: an interim response (RFC 9110, 15.2) came before it.
  mutating func addHeaderLine(_ line: String) -> Refusal? {
    headCount += line.utf8.count
    guard headCount <= Self.headLimit else { return .head(limit: Self.headLimit) }
    let text = Self.trimmed(line[...])
    if text.hasPrefix("HTTP/") {
      guard let code = text.split(separator: " ").dropFirst().first, let number = Int(code),
        (100..<1000).contains(number)
      else { return .malformed("status line '\(text.prefix(80))'") }
      status = number
      headers = []
      return nil
    }
    // The empty line before the body, and what only folds the line before.
    guard let colon = text.firstIndex(of: ":") else { return nil }
    headers.append(
      (text[..<colon].lowercased(), String(Self.trimmed(text[text.index(after: colon)...]))))
    return nil
  }

  /// Takes the next piece of the body.
  mutating func addBody(_ bytes: UnsafeRawBufferPointer) -> Refusal? {
    let (goesToFile, descriptor) =
      if case .file(let descriptor) = destination, isSuccess { (true, descriptor) } else {
        (false, -1)
      }
    let keepsError = !goesToFile && !isMemory
    let limit = keepsError ? Self.errorLimit : bodyLimit
    bodyCount += bytes.count
    guard bodyCount <= limit else { return .body(limit: limit) }
    if goesToFile { return unsafe write(bytes, to: descriptor) }
    unsafe body.append(contentsOf: bytes)
    return nil
  }

  private var isMemory: Bool { if case .memory = destination { true } else { false } }

  private func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Refusal? {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let piece = unsafe UnsafeRawBufferPointer(rebasing: rest)
      let count = unsafe Glibc.write(descriptor, piece.baseAddress, piece.count)
      if count > 0 {
        unsafe rest = rest.dropFirst(count)
      } else if count < 0, errno == EINTR {
        continue
      } else {
        return .file(errno: count == 0 ? EIO : errno)
      }
    }
    return nil
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let isBlank = { (character: Character) in character.isWhitespace }
    var text = text.drop(while: isBlank)
    while let last = text.last, isBlank(last) { text.removeLast() }
    return text
  }
}
