/// What a server's first bytes say of it: HTTP/2 begins with a SETTINGS frame (RFC 9113, section
/// 3.4), so that a client need not guess why nothing comes of a call.
struct ServerGreeting: Sendable {
  enum Verdict: Sendable, Equatable {
    /// Too little to tell.
    case undecided
    case http2
    /// What it speaks instead, in words.
    case foreign(String)
  }

  /// At most a frame's head.
  private var seen: [UInt8] = []

  mutating func received(_ bytes: UnsafeRawBufferPointer) -> Verdict {
    unsafe seen.append(contentsOf: bytes.prefix(9 - seen.count))
    if seen.starts(with: "HTTP/".utf8) {
      return .foreign("it speaks HTTP/1, not HTTP/2; if it is Apus, this is its HTTP port")
    }
    // An alert of TLS, version 3 of SSL and above.
    if seen.starts(with: [21, 3]) { return .foreign("it speaks TLS, and was spoken to without") }
    // A length of less than 64 KiB, type SETTINGS, no ACK, stream 0.
    let head: [UInt8?] = [0, nil, nil, 4, 0, 0, 0, 0, 0]
    let fits = zip(seen, head).allSatisfy { byte, wanted in wanted.map { $0 == byte } ?? true }
    if fits { return seen.count == 9 ? .http2 : .undecided }
    // As much of a status line as came may still become one.
    if "HTTP/".utf8.starts(with: seen) || seen == [21] { return .undecided }
    return .foreign("it does not speak HTTP/2")
  }
}
