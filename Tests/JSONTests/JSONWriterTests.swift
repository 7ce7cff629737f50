import JSON
import TestSupport
import Testing

struct JSONWriterTests {
  @Test func placesCommas() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("a")
    writer.integer(-3)
    writer.key("b")
    writer.beginArray()
    writer.boolean(true)
    writer.null()
    writer.beginObject()
    writer.endObject()
    writer.beginArray()
    writer.endArray()
    writer.endArray()
    writer.key("c")
    writer.number(0.5)
    writer.key("d")
    writer.number(Double.infinity)
    writer.endObject()
    #expect(writer.text == #"{"a":-3,"b":[true,null,{},[]],"c":0.5,"d":null}"#)
    writer.removeAll()
    writer.string("x")
    #expect(writer.text == #""x""#)
  }

  @Test func writesMembersAndWhatIsJSONAlready() {
    var writer = JSONWriter()
    writer.object { json in
      json.member("text", "a")
      json.member("none", nil as String?)
      json.member("words", ["b", "c"])
      json.member("count", 3)
      json.member("yes", true)
      json.member("half", 0.5)
      json.key("raw")
      json.json(#"{"x":1}"#.utf8)
      json.key("list")
      json.array { json in
        for value in [1, 2] { json.integer(value) }
      }
    }
    #expect(
      writer.text
        == #"{"text":"a","none":null,"words":["b","c"],"count":3,"yes":true,"half":0.5,"#
        + #""raw":{"x":1},"list":[1,2]}"#)
  }

  @Test func floatsAreAsShortAsTheyCanBe() throws {
    var generator = SeededGenerator(seed: 6)
    var writer = JSONWriter()
    writer.array { json in
      json.number(Float(0.1))
      json.number(Float.nan)
      json.number(-Float.infinity)
    }
    #expect(writer.text == "[0.1,null,null]")
    for _ in 0..<2_000 {
      let bits = UInt32.random(in: 0..<0x7f80_0000, using: &generator)
      let value = Float(bitPattern: bits)
      writer.removeAll()
      writer.number(value)
      let read = try #require(JSONDocument(writer.text).root.number)
      #expect(Float(read) == value, "\(writer.text)")
    }
  }

  @Test func escapes() {
    var writer = JSONWriter()
    writer.string("\"\\/\n\r\t\u{1}\u{1f}\u{7f}é😀")
    #expect(writer.text == #""\"\\/\n\r\t\u0001\u001f\u007fé😀""#)
  }

  @Test func escapesWhatIsInvisibleWhereAsked() throws {
    let text = "a\u{202E}\u{9B}\u{2028}\u{E0041}\u{200D}é😀\"\n"
    var writer = JSONWriter(escapesInvisible: true)
    writer.string(text)
    #expect(writer.text == #""a\u202e\u009b\u2028\udb40\udc41\u200dé😀\"\n""#)
    #expect(try JSONDocument("[" + writer.text + "]").root.elements?.first?.string == text)
  }

  @Test(arguments: [false, true])
  func writesWhatTheParserReadsBack(escapesInvisible: Bool) throws {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<2_000 {
      let scalars = (0..<Int.random(in: 0..<40, using: &generator)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0..<0x300, using: &generator))
      }
      let text = String(String.UnicodeScalarView(scalars))
      let number = Double.random(in: -1e9...1e9, using: &generator)
      let integer = Int64.random(in: .min ... .max, using: &generator)
      var writer = JSONWriter(escapesInvisible: escapesInvisible)
      writer.beginArray()
      writer.string(text)
      writer.number(number)
      writer.integer(integer)
      writer.endArray()
      let elements = try #require(JSONDocument(writer.text).root.elements)
      #expect(elements[0].string == text)
      #expect(elements[1].number == number)
      #expect(elements[2].integer == Int(integer))
    }
  }
}
