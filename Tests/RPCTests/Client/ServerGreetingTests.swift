import Testing

@testable import RPC

@Suite struct ServerGreetingTests {
  private func verdict(_ bytes: [UInt8], pieces: Int) -> ServerGreeting.Verdict {
    var greeting = ServerGreeting()
    var verdict = ServerGreeting.Verdict.undecided
    var rest = bytes[...]
    while !rest.isEmpty, verdict == .undecided {
      verdict = rest.prefix(pieces).withUnsafeBytes { greeting.received($0) }
      rest = rest.dropFirst(pieces)
    }
    return verdict
  }

  @Test(arguments: [1, 4, 100])
  func settingsAreHTTP2(pieces: Int) {
    let settings: [UInt8] = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 1, 0]
    #expect(verdict(settings, pieces: pieces) == .http2)
    #expect(verdict(Array(settings.prefix(8)), pieces: pieces) == .undecided)
  }

  @Test(arguments: [1, 4, 100])
  func aStatusLineIsNamed(pieces: Int) {
    let line = Array("HTTP/1.1 400 Bad Request\r\n".utf8)
    guard case .foreign(let words) = verdict(line, pieces: pieces) else {
      Issue.record("taken for HTTP/2")
      return
    }
    #expect(words.contains("HTTP/1") && words.contains("HTTP port"))
  }

  @Test(arguments: [1, 2, 7])
  func anAlertIsOfTLS(pieces: Int) {
    guard case .foreign(let words) = verdict([21, 3, 1, 0, 2, 2, 70], pieces: pieces) else {
      Issue.record("taken for HTTP/2")
      return
    }
    #expect(words.contains("TLS"))
  }

  @Test(arguments: [
    [1, 2, 3], Array("SSH-2.0-x".utf8), [0, 0, 0, 6, 0, 0, 0, 0, 0], [0, 0, 0, 4, 1, 0, 0, 0, 0],
  ])
  func anythingElseIsForeign(bytes: [UInt8]) {
    #expect(verdict(bytes, pieces: 100) == .foreign("it does not speak HTTP/2"))
  }
}
