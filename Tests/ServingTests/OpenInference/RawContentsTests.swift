import Testing

@testable import Serving

@Suite struct RawContentsTests {
  @Test func floatsAreLittleEndian() throws {
    let bytes: [UInt8] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]
    #expect(RawContents.bytes([1, 2]) == bytes)
    #expect(try RawContents.floats(bytes, .fp32) == [1, 2])
  }

  private static let numbers: [(Datatype, [UInt8], [Float])] = [
    (Datatype.int8, [0xff, 2], [-1, 2]), (.uint8, [0xff, 2], [255, 2]),
    (.int16, [0xfe, 0xff], [-2]), (.uint16, [0xfe, 0xff], [65_534]),
    (.int32, [0xfd, 0xff, 0xff, 0xff], [-3]), (.uint32, [0, 0, 0, 0x80], [2_147_483_648]),
    (.int64, [0, 0, 0, 0, 0, 0, 0, 0x80], [-9_223_372_036_854_775_808]),
    (.uint64, [0, 0, 0, 0, 0, 0, 0, 0x80], [9_223_372_036_854_775_808]),
    (.fp64, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], [1.5]),
  ]

  @Test(arguments: numbers)
  func numbersOfAnyTypeAreFloats(type: Datatype, bytes: [UInt8], floats: [Float]) throws {
    #expect(try RawContents.floats(bytes, type) == floats)
  }

  @Test func textsStandBehindTheirLengths() throws {
    let bytes: [UInt8] = [2, 0, 0, 0, 0xc3, 0xbc, 0, 0, 0, 0]
    #expect(RawContents.bytes(["ü", ""]) == bytes)
    #expect(try RawContents.texts(bytes, count: 2) == ["ü", ""])
    #expect(try RawContents.texts([], count: 0) == [])
  }

  private static let wrongTexts: [([UInt8], Int, String)] = [
    ([], 1, "at byte 0: expected the length of an element, but only 0 bytes are left"),
    ([1, 0, 0, 0], 1, "at byte 4: expected an element of 1 bytes, but only 0 bytes are left"),
    (
      [0xff, 0xff, 0xff, 0xff, 1], 1,
      "at byte 4: expected an element of 4294967295 bytes, but only 1 bytes are left"
    ),
    ([1, 0, 0, 0, 0xff], 1, "at byte 4: expected an element in UTF-8"),
    ([0, 0, 0, 0, 7], 1, "at byte 4: expected the end, as there are 1 elements"),
    ([0, 0, 0, 0], Int.max, "at byte 4: expected the length of an element, but only 0 bytes"),
  ]

  @Test(arguments: wrongTexts)
  func whatIsNoListOfTextsIsRefused(bytes: [UInt8], count: Int, words: String) {
    do {
      _ = try RawContents.texts(bytes, count: count)
      Issue.record("\(bytes) was read")
    } catch { #expect("\(error)".hasPrefix(words), "\(error)") }
  }
}
