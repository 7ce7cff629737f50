import Testing

@testable import Web

@Suite struct ResponseAssemblyTests {
  private func add(_ text: String, to assembly: inout ResponseAssembly)
    -> ResponseAssembly.Refusal?
  {
    Array(text.utf8).withUnsafeBytes { assembly.addBody($0) }
  }

  @Test func anInterimResponseIsForgotten() {
    var assembly = ResponseAssembly(destination: .memory, bodyLimit: 10)
    for line in ["HTTP/1.1 103 Early Hints\r\n", "Link: <x>\r\n", "\r\n"] {
      #expect(assembly.addHeaderLine(line) == nil)
    }
    for line in ["HTTP/1.1 200 OK\r\n", "ETag:  \"a: b\" \r\n", "Empty:\r\n", "\r\n"] {
      #expect(assembly.addHeaderLine(line) == nil)
    }
    #expect(assembly.status == 200)
    #expect(assembly.headers.map(\.name) == ["etag", "empty"])
    #expect(assembly.headers.map(\.value) == ["\"a: b\"", ""])
  }

  @Test func bothBoundsHoldToTheByte() {
    var assembly = ResponseAssembly(destination: .memory, bodyLimit: 10)
    #expect(add("12345", to: &assembly) == nil)
    #expect(add("67890", to: &assembly) == nil)
    #expect(add("1", to: &assembly) == .body(limit: 10))
    #expect(assembly.body.count == 10)

    let limit = ResponseAssembly.headLimit
    let line = "X: " + String(repeating: "y", count: 1021)
    for _ in 0..<(limit / 1024) { #expect(assembly.addHeaderLine(line) == nil) }
    #expect(assembly.addHeaderLine("Z") == .head(limit: limit))
  }

  @Test(arguments: ["HTTP/1.1", "HTTP/1.1 abc", "HTTP/1.1 99 x", "HTTP/1.1 1000 x"])
  func aStatusLineHasANumber(_ line: String) {
    var assembly = ResponseAssembly(destination: .memory, bodyLimit: 10)
    guard case .malformed? = assembly.addHeaderLine(line) else {
      Issue.record("\(line) passed")
      return
    }
  }

  @Test func theBodyOfAnErrorIsKeptFromTheFile() {
    var assembly = ResponseAssembly(destination: .file(-1), bodyLimit: 1 << 40)
    #expect(assembly.addHeaderLine("HTTP/1.1 404 Not Found\r\n") == nil)
    #expect(add("why", to: &assembly) == nil)
    #expect(assembly.body == Array("why".utf8))
    let long = String(repeating: "y", count: ResponseAssembly.errorLimit)
    #expect(add(long, to: &assembly) == .body(limit: ResponseAssembly.errorLimit))
  }
}
