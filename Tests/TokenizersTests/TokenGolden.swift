import Foundation
import JSON
import TestSupport
import Testing
import Tokenizers

/// The reference libraries' ids of all test data, as digests of blocks of lines
/// (tools/golden/make_tokens.py says how they are made).
enum TokenGolden {
  static let files = ["rt-polarity.neg", "rt-polarity.pos", "sts-dev.tsv", "tinyshakespeare.txt"]

  static func object(_ name: String) throws -> JSONValue {
    try JSONDocument(String(decoding: Fixture.bytes(name), as: UTF8.self)).root
  }

  /// Encodes every line of a file and compares; does nothing where the data is not there.
  static func check(_ name: String, _ kind: String, _ tokenizer: some Tokenizer) throws {
    guard let path = SharedData.path("data/\(name)") else { return }
    let golden = try object("token-digests.json")
    let block = try #require(golden["block"]?.integer)
    let entry = try #require(golden["files"]?.elements?.first { $0["name"]?.string == name })
    let expected = try #require(entry[kind]?["digests"]?.elements).map { $0.string ?? "" }
    let lines = try lines(path, isLatin1: entry["encoding"]?.string == "latin-1")
    #expect(lines.count == entry["lines"]?.integer)

    var tokens = 0
    for (index, start) in stride(from: 0, to: lines.count, by: block).enumerated() {
      var digest = Digest()
      for line in lines[start..<min(start + block, lines.count)] {
        let ids = try tokenizer.encode(line)
        tokens += ids.count
        for id in ids { digest.add(UInt32(bitPattern: id)) }
        digest.add(UInt32.max)
      }
      #expect(digest.text == expected[index], "lines \(start) to \(start + block) of \(name)")
    }
    #expect(tokens == entry[kind]?["tokens"]?.integer)
  }

  /// Lines end at byte 0x0A and at no other; what follows the last is one if it is not empty.
  static func lines(_ path: String, isLatin1: Bool) throws -> [String] {
    var lines = try Data(contentsOf: URL(fileURLWithPath: path))
      .split(separator: 0x0a, omittingEmptySubsequences: false)
      .map { line in
        isLatin1
          ? String(String.UnicodeScalarView(line.map { Unicode.Scalar($0) }))
          : String(decoding: line, as: UTF8.self)
      }
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}
