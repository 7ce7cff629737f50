import Messages
import TestMessages
import Testing

@Suite struct RoundTripTests {
  /// What Python's protobuf wrote comes out byte for byte after decoding and encoding.
  @Test func agreesWithPython() throws {
    #expect(Fixture.all.count > 300)
    for fixture in Fixture.all {
      let type = try #require(Fixture.types[fixture.typeName])
      #expect(try reencoded(type, fixture.bytes) == fixture.bytes, "\(fixture)")
    }
  }

  private func reencoded<M: BridgedMessage>(_ type: M.Type, _ bytes: [UInt8]) throws -> [UInt8] {
    let message = try M(bytes)
    let again = try M(message.encoded())
    // Generated equality covers every field; only NaN is unequal to itself, and make.py writes
    // none.
    #expect(again == message)
    return message.encoded()
  }

  /// Each field lands in its own property.
  @Test func fieldsLandWhereTheyBelong() throws {
    let fields = [
      "090000000000000440",  // 1: 2.5
      "150000c03f",  // 2: 1.5
      "18fbffffffffffffffff01",  // 3: -5
      "2080808080808080808001",  // 4: the least Int64
      "28ffffffff0f",  // 5: the greatest UInt32
      "3809",  // 7: zigzag -5
      "4d07000000",  // 9: 7
      "6801",  // 13: true
      "720341c3a9",  // 14: Aé
      "7a020080",  // 15: 00 80
      "8001ffffffffffffffffff01",  // 16: -1
      "b80100",  // 23: present and 0
      "b20200",  // 38: unknown
      "920200",  // 34: present and empty
      "d202080000803f000000c0",  // 42: packed 1, -2
      "da020103",  // 43: packed 3
      "d80204",  // 43: one more, not packed
      "f00301f0034d",  // 62: good, 77
    ]
    let bytes = decode(hex: fields.joined())
    let scalars = try ApusTesting.Scalars(bytes)
    var expected = ApusTesting.Scalars(
      plainDouble: 2.5, plainFloat: 1.5, plainInt32: -5, plainInt64: .min, plainUint32: .max,
      plainSint32: -5, plainFixed32: 7, plainBool: true, plainString: "Aé",
      plainBytes: [0x00, 0x80], plainMood: .bad)
    expected.maybeInt32 = 0
    expected.maybeString = ""
    expected.manyFloat = [1, -2]
    expected.manyInt32 = [3, 4]
    expected.looseMood = [.good, .unrecognized(77)]
    #expect(scalars == expected)
  }

  @Test func emptyMessageIsEmpty() throws {
    #expect(ApusTesting.Scalars().encoded() == [])
    #expect(try ApusTesting.Scalars([]) == ApusTesting.Scalars())
    #expect(ApusTesting.Nothing().encoded() == [])
  }

  /// Optional fields tell "absent" from "default"; plain ones do not send the default.
  @Test func presence() throws {
    var message = ApusTesting.Scalars()
    message.plainInt32 = 0
    #expect(message.encoded() == [])
    message.maybeInt32 = 0
    #expect(message.encoded() == decode(hex: "b80100"))
    message.maybeBytes = []
    #expect(try ApusTesting.Scalars(message.encoded()).maybeBytes == [])
    // -0 is not the default.
    #expect(
      try ApusTesting.Scalars(ApusTesting.Scalars(plainFloat: -0.0).encoded())
        .plainFloat.sign == .minus)
  }

  @Test func lastOneofMemberWins() throws {
    // Field 2 = 5, then field 4 = "x".
    #expect(try ApusTesting.Choice(decode(hex: "1005" + "220178")).value == .aString("x"))
    #expect(try ApusTesting.Choice(decode(hex: "220178" + "1005")).value == .anInt32(5))
    // A default that is set is sent.
    #expect(ApusTesting.Choice(value: .anInt32(0)).encoded() == decode(hex: "1000"))
    #expect(ApusTesting.Choice(value: .someBytes([])).encoded() == decode(hex: "2a00"))
  }

  @Test func mapsKeepTheLastEntryAndFillDefaults() throws {
    // {"a": "1"}, {"a": "2"}, {} (key and value absent).
    let maps = try ApusTesting.Maps(
      decode(hex: "0a06" + "0a0161120131" + "0a06" + "0a0161120132" + "0a00"))
    #expect(maps.textText == ["a": "2", "": ""])
  }

  /// A singular message that comes in parts is merged, as the specification asks.
  @Test func partsOfAMessageMerge() throws {
    // Tree.left = {label: "a"}, then Tree.left = {children: [{}]}.
    let tree = try ApusTesting.Tree(decode(hex: "1203" + "0a0161" + "1202" + "2200"))
    #expect(tree.left?.label == "a")
    #expect(tree.left?.children.count == 1)
  }

  @Test func unknownFieldsAreSkipped() throws {
    // Field 1000 of each wire type around label = "a".
    let bytes = decode(
      hex: "c03e01" + "c13e0000000000000000" + "0a0161" + "c23e03616263" + "c53e00000000")
    #expect(try ApusTesting.Tree(bytes) == ApusTesting.Tree(label: "a"))
  }

  @Test func unknownEnumValuesSurvive() throws {
    let mood = ApusTesting.Mood(rawValue: 77)
    #expect(mood == .unrecognized(77))
    #expect(mood.contractName == "77" && ApusV1.State.ready.contractName == "STATE_READY")
    #expect(mood.rawValue == 77)
    #expect(ApusTesting.Mood(rawValue: 1) == .good)
    #expect(ApusTesting.Mood.fine == .good)
    let message = ApusTesting.Scalars(plainMood: .unrecognized(-9))
    #expect(try ApusTesting.Scalars(message.encoded()).plainMood == .unrecognized(-9))
  }

  @Test func textKeepsZeroBytes() throws {
    let message = ApusTesting.Scalars(plainString: "a\u{0}b")
    #expect(message.encoded() == decode(hex: "7203610062"))
    #expect(try ApusTesting.Scalars(message.encoded()) == message)
  }

  @Test func requiredFieldsAreRequired() throws {
    var old = ApusTesting.Old(name: "n", count: 0, inner: .init(colour: .blue))
    #expect(try ApusTesting.Old(old.encoded()) == old)
    old.again = old
    #expect(try ApusTesting.Old(old.encoded()) == old)
    let error = #expect(throws: DecodingError.self) { try ApusTesting.Old(decode(hex: "0a016e")) }
    #expect(error?.code == .malformed)
    #expect("\(error!)" == "apus.testing.Old: field count is required and missing")
  }

  /// Encoding within `reserve` of another encoding, on one thread.
  @Test func encodesNest() throws {
    let inner = ApusTesting.Tree(label: String(repeating: "inner", count: 20_000))
    let outer = ApusTesting.Tree(label: "outer", children: [ApusTesting.Tree(label: "x")])
    var innerBytes: [UInt8] = []
    var memory = [UInt8](repeating: 0, count: 100)
    var used = 0
    memory.withUnsafeMutableBytes { buffer in
      outer.encode { size in
        innerBytes = inner.encoded()
        used = size
        return UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
      }
    }
    #expect(try ApusTesting.Tree(Array(memory[..<used])) == outer)
    #expect(try ApusTesting.Tree(innerBytes) == inner)
  }

  @Test(arguments: [0, 1, 7, 8, 9, 16, 255, 4_096, 65_537, 3_000_000])
  func sizes(count: Int) throws {
    let image = ApusV1.Image(data: (0..<count).map { UInt8(truncatingIfNeeded: $0) })
    #expect(try ApusV1.Image(image.encoded()) == image)
    let tensor = ApusV1.Tensor(
      floats: (0..<count / 4).map(Float.init), longs: (0..<count / 10).map { Int64($0) })
    #expect(try ApusV1.Tensor(tensor.encoded()) == tensor)
    let text = ApusV1.Instance(kind: .text(String(repeating: "é", count: count / 2)))
    #expect(try ApusV1.Instance(text.encoded()) == text)
  }
}
