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
    writer.number(.infinity)
    writer.endObject()
    #expect(writer.text == #"{"a":-3,"b":[true,null,{},[]],"c":0.5,"d":null}"#)
    writer.removeAll()
    writer.string("x")
    #expect(writer.text == #""x""#)
  }

  @Test func escapes() {
    var writer = JSONWriter()
    writer.string("\"\\/\n\r\t\u{1}\u{1f}\u{7f}é😀")
    #expect(writer.text == #""\"\\/\n\r\t\u0001\u001f\u007fé😀""#)
  }

  @Test func writesWhatTheParserReadsBack() throws {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<2_000 {
      let scalars = (0..<Int.random(in: 0..<40, using: &generator)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0..<0x300, using: &generator))
      }
      let text = String(String.UnicodeScalarView(scalars))
      let number = Double.random(in: -1e9...1e9, using: &generator)
      let integer = Int64.random(in: .min ... .max, using: &generator)
      var writer = JSONWriter()
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
