import JSON
import Testing

@testable import REST

@Suite struct FieldsTests {
  @Test func readsTypes() throws {
    let fields = try fields(
      #"{"s":"a","b":true,"i":3,"j":3.0,"n":0.5,"o":{"x":1},"l":["a","b"],"z":null}"#)
    #expect(try fields.string("s") == "a")
    #expect(try fields.boolean("b") == true)
    #expect(try fields.integer("i", in: 0...9) == 3)
    #expect(try fields.integer("j", in: 0...9) == 3)
    #expect(try fields.number("n", in: 0...1) == 0.5)
    #expect(try fields.object("o")?.integer("x", in: 0...9) == 1)
    #expect(try fields.strings("l") == ["a", "b"])
    #expect(try fields.string("z") == nil)
    #expect(try fields.string("missing") == nil)
  }

  @Test func namesWhatIsWrong() throws {
    let fields = try fields(#"{"s":1,"l":["a",2],"o":{"deep":{"i":"x"}},"e":"","n":2.5,"y":1}"#)
    #expect(complaint { try fields.string("s") } == "s: expected a string, got the number 1")
    #expect(complaint { try fields.strings("l") } == "l[1]: expected a string, got the number 2")
    let deep = try #require(try fields.object("o")?.object("deep"))
    #expect(
      complaint { try deep.integer("i", in: 0...9) }
        == "o.deep.i: expected a whole number from 0 to 9, got a string")
    #expect(
      complaint { try fields.integer("n", in: 0...9) }
        == "n: expected a whole number from 0 to 9, got the number 2.5")
    #expect(complaint { try fields.requiredString("e") } == "e: is empty")
    #expect(
      complaint { try fields.requiredString("q") } == "q: is missing; expected a string")
    #expect(
      complaint { try fields.allowOnly(["s", "l", "o", "e", "n"]) }
        == "y: there is no such field here; allowed are s, l, o, e, n")
    #expect(
      complaint { try REST.Fields(JSONDocument("[]").root) }
        == "body: expected an object, got an array")
  }
}
