import TestSupport
import Testing

@testable import Serving

@Suite struct YAMLReaderTests {
  private static let file = """
    # a comment
    server: {models: "/srv/models", threads: 3}
    grpc:
      address: 127.0.0.1:8001
      max_message_size: 64MiB
    http:
      origins: [https://a.example, "*"]
    limits: {requests: 0, window: 90s}
    models:
      minilm:
        description: |
          two
          lines
        labels:
          stable: {version: 2, share: 0.9}
    ...
    """

  /// Damage is an error or another configuration, never a crash or a hang, and names a line that
  /// the file has.
  @Test func damagedFilesAreReadOrRefused() {
    var generator = SeededGenerator(seed: 11)
    var refused = 0
    for _ in 0..<20_000 {
      let bytes = Mutation.mutate(Array(Self.file.utf8), &generator)
      var server = ServerConfiguration()
      let file = ConfigurationFile(yaml: bytes, "a.yaml", into: &server)
      // CR, NEL, LS and PS end lines too.
      let lines = bytes.count { [0x0a, 0x0d, 0x85, 0xa8, 0xa9].contains($0) } + 2
      #expect(file.problems.allSatisfy { (0...lines).contains($0.line) })
      refused += file.problems.isEmpty ? 0 : 1
    }
    #expect(refused > 5_000 && refused < 20_000)
  }

  /// Files that grow while they are read, or that are read for long: a text, how often, and what
  /// is said of it.
  @Test(arguments: [
    ("a: &a [x, x]\nb: &b [*a, *a]\n", 1, "anchors"),
    ("[", 500_000, "nested deeper than 16"),
    ("{a: ", 200_000, "nested deeper than 16"),
    ("- ", 400_000, "nested deeper than 16"),
    ("? ", 400_000, "a key must be plain text"),
    ("- x\n", 200_000, "more than 50000 values"),
    ("a: 1\n", 150_000, "more than 50000 values"),
    ("x", (1 << 20) + 1, "at most 1048576 are allowed"),
  ])
  func whatGrowsIsRefused(piece: String, count: Int, words: String) {
    #expect {
      try YAMLReader.read(Array(String(repeating: piece, count: count).utf8), file: "a")
    } throws: { "\($0)".contains(words) }
  }

  @Test func asMuchAsIsAllowedIsRead() throws {
    let deep = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
    #expect(try YAMLReader.read(Array(deep.utf8), file: "a") != nil)
    let wide = "[" + String(repeating: "x,", count: YAMLReader.maximumNodes - 1) + "]"
    #expect(try YAMLReader.read(Array(wide.utf8), file: "a") != nil)
  }

  @Test func aKeyTwiceIsKeptForWhoeverReads() throws {
    let root = try YAMLReader.read(Array("a: 1\na: 2".utf8), file: "a")
    guard case .mapping(let entries)? = root?.content else {
      Issue.record("no mapping")
      return
    }
    #expect(entries.map(\.line) == [1, 2])
  }
}
