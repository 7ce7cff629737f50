import JSON
import TestSupport
import Testing

struct JSONDocumentTests {
  @Test func readsEveryKind() throws {
    let root = try JSONDocument(
      #"{"a": [1, -2.5, "tö\n", true, false, null, {}], "b": {"c": 9007199254740993}}"#
    ).root
    let elements = try #require(root["a"]?.elements)
    #expect(elements.count == 7)
    #expect(elements[0].integer == 1)
    #expect(elements[0].number == 1)
    #expect(elements[1].number == -2.5)
    #expect(elements[1].integer == nil)
    #expect(elements[2].string == "tö\n")
    #expect(elements[2].utf8?.count == 4)
    #expect(elements[3].boolean == true)
    #expect(elements[4].boolean == false)
    #expect(elements[5].isNull)
    #expect(elements[6].kind == .object)
    #expect(elements[6].count == 0)
    #expect(root["b"]?["c"]?.integer == 9_007_199_254_740_993)
    #expect(root["d"] == nil)
    #expect(elements[0]["a"] == nil)
    #expect(root["b"]?.elements == nil)
  }

  @Test func valuesKeepTheirDocument() throws {
    func inner() throws -> JSONValue? { try JSONDocument(#"{"a": {"b": "text"}}"#).root["a"] }
    #expect(try inner()?["b"]?.string == "text")
  }

  @Test func membersComeInTheTextsOrder() throws {
    let root = try JSONDocument(#"{"z": 1, "a": 2, "\u00e9": 3}"#).root
    var keys: [String] = []
    root.forEachMember { key, value in
      keys.append(unsafe key.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) })
      #expect(value.integer == keys.count)
    }
    #expect(keys == ["z", "a", "é"])
  }

  @Test func readsRowsOfNumbers() throws {
    let root = try JSONDocument(#"[[1, -2.5, 3e0], [4, "5", 6], [], {"a": 7}]"#).root
    let elements = try #require(root.elements)
    var floats: [Float] = [0]
    #expect(elements[0].appendFloats(to: &floats) == nil)
    #expect(floats == [0, 1, -2.5, 3])
    #expect(elements[1].appendFloats(to: &floats) == 1)
    #expect(elements[2].appendFloats(to: &floats) == nil)
    #expect(elements[3].appendFloats(to: &floats) == 0)
  }

  @Test func zeroBytesMayStandInStrings() throws {
    #expect(try JSONDocument(#"["a\u0000b"]"#).root.elements?.first?.string == "a\0b")
  }

  @Test(arguments: [
    ("", 1, 1, "the text is empty"),
    ("{\"a\": 1,\n \"b\" 2}", 2, 6, "':' expected near '2'"),
    ("[1, 2", 1, 5, "']' expected near end of file"),
    (#"{"a": 1, "a": 2}"#, 1, 12, "duplicate object key near '\"a\"'"),
    ("[1] x", 1, 5, "end of file expected near 'x'"),
    ("[99999999999999999999]", 1, 21, "too big integer near '99999999999999999999'"),
  ])
  func saysWhatIsWrongAndWhere(text: String, line: Int, column: Int, reason: String) {
    let error = #expect(throws: JSONError.self) { try JSONDocument(text) }
    #expect(error == JSONError(reason, line: line, column: column))
  }

  @Test func boundsDepth() throws {
    let limits = JSONDocument.Limits(depth: 3)
    #expect(try JSONDocument("[[[\"[[[[\"]]]", limits: limits).root.kind == .array)
    let error = #expect(throws: JSONError.self) {
      try JSONDocument("[[\n[[]]]]", limits: limits)
    }
    #expect(error == JSONError("nested deeper than 3 levels", line: 2, column: 2))
    // Far deeper than any stack: refused before the parser recurses.
    let deep = String(repeating: "[", count: 1 << 20)
    #expect(throws: JSONError.self) { try JSONDocument(deep) }
  }

  @Test func boundsSizeAndValues() throws {
    #expect(throws: JSONError("the text has 8 bytes; at most 7 are allowed")) {
      try JSONDocument("[1,2,3 ]", limits: .init(bytes: 7))
    }
    #expect(try JSONDocument("[1,2]", limits: .init(values: 3 + 1)).root.count == 2)
    #expect(throws: JSONError("more than 3 values")) {
      try JSONDocument("[1,2,3]", limits: .init(values: 3))
    }
  }

  @Test func survivesMutatedTexts() {
    let text = Array(
      #"{"model": {"vocab": {"a": 0, "\ud83d\ude00": 1, "b\\": 2.5e3}}, "x": [true, null, -1]}"#
        .utf8)
    var generator = SeededGenerator(seed: 11)
    var accepted = 0
    for _ in 0..<20_000 {
      let mutated = Mutation.mutate(text, &generator)
      guard let document = try? JSONDocument(mutated.span.bytes) else { continue }
      accepted += 1
      _ = document.root["model"]?["vocab"]?["a"]?.integer
    }
    #expect(accepted > 100)
    #expect(accepted < 20_000)
  }
}
