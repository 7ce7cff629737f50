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

  @Test(arguments: [
    ("0", 0.0), ("-0", 0), ("-1", -1), ("9223372036854775807", 9.223372036854775807e18),
    ("18446744073709551616", 18446744073709551616), ("99999999999999999999", 1e20), ("1E2", 100),
    ("0.1", 0.1), ("5e-324", .leastNonzeroMagnitude),
    ("2.2250738585072014e-308", .leastNormalMagnitude),
    ("1e-400", 0), ("0.0000000001e-2147483639", 0),
    ("1.7976931348623157e308", 1.7976931348623157e308),
    ("123456789012345678901234567890e-30", 0.12345678901234568),
  ])
  func readsNumbersExactly(text: String, value: Double) throws {
    #expect(try JSONDocument(text).root.number == value)
    #expect(try JSONDocument("[" + text + "]").root.elements?.first?.number == value)
  }

  @Test func integersBeyond64BitsAreReals() throws {
    #expect(try JSONDocument("9223372036854775807").root.integer == .max)
    #expect(try JSONDocument("-9223372036854775808").root.integer == .min)
    #expect(try JSONDocument("9223372036854775808").root.kind == .real)
  }

  /// Few keys are compared with each other, many are sorted.
  @Test(arguments: [2, 16, 17, 1000])
  func findsDoubledKeysAmongMany(count: Int) throws {
    let keys = (0..<count).map { "k\($0 * 7919 % count)" }
    func text(_ keys: [String]) -> String {
      "{" + keys.map { "\"\($0)\": {\"in\": [1]}" }.joined(separator: ", ") + "}"
    }
    let root = try JSONDocument(text(keys)).root
    #expect(root.count == count)
    for key in keys { #expect(root[key]?["in"]?.count == 1) }
    let error = #expect(throws: JSONError.self) { try JSONDocument(text(keys + [keys[1]])) }
    #expect(error?.reason == "this key stands twice in its object")
    #expect(error?.column == text(keys).utf8.count + 3)
  }

  @Test(arguments: [
    [0xC3, 0x28], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC0, 0x80],
  ])
  func refusesStringsThatAreNotUTF8(bytes: [UInt8]) {
    let text = Array(#"{"a": ""#.utf8) + bytes + Array(#""}"#.utf8)
    let error = #expect(throws: JSONError.self) { try JSONDocument(text.span.bytes) }
    #expect(error?.reason == "this string is not UTF-8")
  }

  /// Long strings are looked at several bytes at a time.
  @Test(arguments: 0..<48)
  func everyPlaceOfAStringIsLookedAt(place: Int) throws {
    func text(_ piece: String) -> String {
      let around = String(repeating: "é", count: 8) + String(repeating: "x", count: 32)
      return "[\"" + around.prefix(place) + piece + around.dropFirst(place) + "\", 1]"
    }
    for (piece, meaning) in [("\\n", "\n"), ("\\\"", "\""), ("\\\\", "\\"), ("\u{7F}", "\u{7F}")] {
      let root = try JSONDocument(text(piece)).root
      let plain = try JSONDocument(text("_")).root.elements?.first?.string
      #expect(root.elements?.first?.string == plain?.replacing("_", with: meaning))
      #expect(root.count == 2)
    }
    for control in 0..<0x20 {
      let piece = String(UnicodeScalar(UInt8(control)))
      let error = #expect(throws: JSONError.self) { try JSONDocument(text(piece)) }
      #expect(error?.reason.hasPrefix("a control character") == true)
    }
  }

  @Test func zeroBytesMayStandInStrings() throws {
    #expect(try JSONDocument(#"["a\u0000b"]"#).root.elements?.first?.string == "a\0b")
  }

  @Test(arguments: [
    ("", 1, 1, "the text is empty"),
    ("{\"a\": 1,\n \"b\" 2}", 2, 6, "expected : between key and value"),
    ("[1, 2", 1, 6, "expected , or ]; the text ends here"),
    ("[1 2]", 1, 4, "expected , or ]"),
    (#"{"a": 1 "b"}"#, 1, 9, "expected , or }"),
    ("{a: 1}", 1, 2, "expected a key in quotes, or }"),
    (#"{"a": 1,}"#, 1, 9, "expected a key in quotes, or }"),
    ("[1,]", 1, 4, "expected a value"),
    ("[tru]", 1, 5, "expected a value"),
    ("NaN", 1, 1, "expected a value"),
    ("\u{FEFF}[]", 1, 1, "expected a value"),
    (#"{"a": 1, "a": 2}"#, 1, 11, "this key stands twice in its object"),
    ("[1] x", 1, 5, "expected the text to end here"),
    ("[1]\0", 1, 4, "expected the text to end here"),
    ("\"a", 1, 3, "this string does not end; the text ends here"),
    ("[\"a\u{1F}\"]", 1, 4, #"a control character in a string is to be written \u00XX"#),
    ("[\"a\0b\"]", 1, 4, #"a control character in a string is to be written \u00XX"#),
    (#"["\x"]"#, 1, 3, #"unknown escape; allowed are \" \\ \/ \b \f \n \r \t \u"#),
    (#"["\u12g4"]"#, 1, 3, #"expected four hexadecimal digits after \u"#),
    (#"["\ud800a"]"#, 1, 3, #"this \u escape is half of a surrogate pair"#),
    (#"["\udc00"]"#, 1, 3, "this string is not UTF-8"),
    ("[1.]", 1, 4, "expected a digit after the decimal point"),
    ("[1e]", 1, 4, "expected a digit in the exponent"),
    ("[-1e999]", 1, 2, "this number is too big"),
    ("[01]", 1, 3, "expected , or ]"),
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
    #expect(error == JSONError("nested deeper than 3 levels", line: 2, column: 2, over: .depth))
    // Far deeper than any stack: refused before the parser recurses.
    let deep = String(repeating: "[", count: 1 << 20)
    #expect(throws: JSONError.self) { try JSONDocument(deep) }
  }

  @Test func boundsSizeAndValues() throws {
    #expect(throws: JSONError("the text has 8 bytes; at most 7 are allowed", over: .bytes)) {
      try JSONDocument("[1,2,3 ]", limits: .init(bytes: 7))
    }
    #expect(try JSONDocument("[1,2]", limits: .init(values: 3 + 1)).root.count == 2)
    #expect(throws: JSONError("more than 3 values", over: .values)) {
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
