import Messages
import TestMessages
import Testing

@Suite struct HostileBytesTests {
  private func code<M: BridgedMessage>(
    _ type: M.Type, _ bytes: [UInt8], _ limits: DecodingLimits = .standard
  ) -> DecodingError.Code? {
    do throws(DecodingError) {
      _ = try M(bytes, limits: limits)
      return nil
    } catch {
      #expect(error.messageName.hasPrefix("apus."))
      #expect(!error.reason.isEmpty)
      return error.code
    }
  }

  private func varint(_ value: Int) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// `levels` messages, each in field `field` of the one around it.
  private func nested(_ levels: Int, field: UInt8 = 2) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<levels { bytes = [field << 3 | 2] + varint(bytes.count) + bytes }
    return bytes
  }

  /// The same without quadratic time, for bombs: sizes are computed from the inside out.
  private func bomb(_ levels: Int) -> [UInt8] {
    var sizes: [Int] = []
    var size = 0
    for _ in 0..<levels {
      sizes.append(size)
      size += 1 + varint(size).count
    }
    return sizes.reversed().flatMap { [0x12] + varint($0) }
  }

  @Test func depthIsBoundedOnBothSides() {
    #expect(code(ApusTesting.Tree.self, nested(64)) == nil)
    #expect(code(ApusTesting.Tree.self, nested(65)) == .tooDeep)
    let three = DecodingLimits(depth: 3)
    #expect(code(ApusTesting.Tree.self, nested(3), three) == nil)
    #expect(code(ApusTesting.Tree.self, nested(4), three) == .tooDeep)
    #expect(code(ApusTesting.Tree.self, [], DecodingLimits(depth: 0)) == nil)
    #expect(code(ApusTesting.Tree.self, nested(1), DecodingLimits(depth: 0)) == .tooDeep)
  }

  /// A schema without recursion needs no walk unless it is deeper than the limit.
  @Test func depthOfAPlainSchema() {
    let request = ApusV1.PredictRequest(
      instances: [.init(kind: .tensors(.init(tensors: ["a": .init()])))])
    // PredictRequest > Instance > NamedTensors > entry > Tensor: four levels within.
    #expect(code(ApusV1.PredictRequest.self, request.encoded(), .init(depth: 4)) == nil)
    #expect(code(ApusV1.PredictRequest.self, request.encoded(), .init(depth: 3)) == .tooDeep)
    #expect(code(ApusV1.PredictRequest.self, [], .init(depth: 3)) == nil)
  }

  @Test func depthBombsAreRefused() {
    #expect(code(ApusTesting.Tree.self, bomb(50_000)) == .tooDeep)
    // Whatever the caller allows, the stack is not spent.
    #expect(code(ApusTesting.Tree.self, nested(200), .init(depth: .max)) == nil)
    #expect(code(ApusTesting.Tree.self, nested(201), .init(depth: .max)) == .tooDeep)
    #expect(code(ApusTesting.Tree.self, nested(1), .init(depth: -1)) == .tooDeep)
    #expect(code(ApusTesting.Tree.self, bomb(50_000), .init(depth: .max)) == .tooDeep)
    // Through a map's entries and a list, too.
    #expect(code(ApusTesting.Tree.self, nested(300, field: 4), .init(depth: .max)) == .tooDeep)
    var entries: [UInt8] = []
    for _ in 0..<33 {
      entries = [0x12] + varint(entries.count) + entries
      entries = [0x2a] + varint(entries.count) + entries
    }
    #expect(code(ApusTesting.Tree.self, entries) == .tooDeep)
    #expect(code(ApusTesting.Tree.self, entries, .init(depth: 66)) == nil)
    // Length-delimited bytes that are no message may look nested as they like.
    let picture = bomb(1_000)
    #expect(code(ApusV1.Image.self, [0x0a] + varint(picture.count) + picture) == nil)
  }

  @Test func elementsAreBoundedOnBothSides() {
    let limits = DecodingLimits(elements: 10)
    #expect(code(ApusTesting.Scalars.self, [], DecodingLimits(elements: -1)) == nil)
    #expect(
      code(ApusTesting.Tree.self, nested(1, field: 4), .init(elements: -1)) == .tooManyElements)
    let ten = ApusTesting.Scalars(manyInt32: Array(1...6), manyString: ["", "", "", ""])
    #expect(code(ApusTesting.Scalars.self, ten.encoded(), limits) == nil)
    var eleven = ten
    eleven.manyString.append("")
    #expect(code(ApusTesting.Scalars.self, eleven.encoded(), limits) == .tooManyElements)
    eleven = ten
    eleven.manyInt32.append(1)
    #expect(code(ApusTesting.Scalars.self, eleven.encoded(), limits) == .tooManyElements)
    eleven = ten
    eleven.manyDouble.append(1)
    #expect(code(ApusTesting.Scalars.self, eleven.encoded(), limits) == .tooManyElements)
    eleven = ten
    eleven.looseInt32.append(1)
    #expect(code(ApusTesting.Scalars.self, eleven.encoded(), limits) == .tooManyElements)
  }

  /// Each of these costs two bytes and much work: what is no number has a bound of its own.
  @Test func partsAreBoundedOnBothSides() {
    let limits = DecodingLimits(parts: 100)
    func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
      (0..<count).flatMap { _ in bytes }
    }
    // Elements, parts that are merged into one message (options), and unknown fields.
    for part: [UInt8] in [[0x1a, 0], [0x22, 0], [0xf8, 0x3f, 0]] {
      #expect(code(ApusV1.PredictRequest.self, repeated(part, 100), limits) == nil)
      #expect(code(ApusV1.PredictRequest.self, repeated(part, 101), limits) == .tooManyElements)
    }
    let most = DecodingLimits.standard.parts
    let roomy = DecodingLimits(expansion: .max)
    #expect(code(ApusV1.PredictRequest.self, repeated([0x22, 0], most), roomy) == nil)
    #expect(
      code(ApusV1.PredictRequest.self, repeated([0x22, 0], most + 1), roomy) == .tooManyElements)
    // Numbers are cheap, however many.
    let numbers = ApusV1.FeatureRow(values: Array(repeating: 1, count: 1 << 20))
    #expect(code(ApusV1.FeatureRow.self, numbers.encoded(), limits) == nil)
  }

  @Test func memoryIsBounded() {
    // 200,000 empty messages in 400,000 bytes.
    let bytes = (0..<400_000).map { $0 % 2 == 0 ? UInt8(0x22) : 0 }
    #expect(code(ApusTesting.Tree.self, bytes, .init(expansion: 16, parts: .max)) == .tooLarge)
    #expect(code(ApusTesting.Tree.self, bytes, .init(expansion: 400, parts: .max)) == nil)
    #expect(code(ApusTesting.Tree.self, bytes, .init(expansion: .max, parts: .max)) == nil)
    #expect(code(ApusTesting.Tree.self, bytes, .init(expansion: -1, parts: .max)) == .tooLarge)
    // And the thread's arena is as good as new.
    #expect(code(ApusTesting.Tree.self, nested(10)) == nil)
  }

  /// Each line: what it is, the bytes.
  @Test(arguments: [
    ("tag cut off", "80"),
    ("tag of more than five bytes", "808080808001"),
    ("field number 0", "0001"),
    ("varint cut off", "1880"),
    ("varint of eleven bytes", "1880808080808080808080" + "8001"),
    ("fixed32 cut off", "15000000"),
    ("fixed64 cut off", "0900000000000000"),
    ("length cut off", "7280"),
    ("length past the end", "720561"),
    ("length of 2^31", "728080808008"),
    ("length of 2^35 - 1", "72ffffffff7f"),
    ("length of 2^64 - 1", "72ffffffffffffffffff01"),
    ("packed floats that are no whole number", "d2020300" + "0000"),
    ("packed doubles that are no whole number", "ca020400000000"),
    ("packed varint cut off", "da020180"),
    ("packed varint of eleven bytes", "da020b8080808080808080808001"),
    ("start of a group", "c33e"),
    ("end of a group", "c43e"),
    ("wire type 6", "1e00"),
    ("wire type 7", "1f00"),
    ("text where a number belongs", "1a0161"),
    ("a number where text belongs", "7001"),
    ("fixed32 where fixed64 belongs", "0d00000000"),
  ])
  func brokenBytesAreMalformed(name: String, hex: String) {
    #expect(code(ApusTesting.Scalars.self, decode(hex: hex)) == .malformed, "\(name)")
    // And within another message: the value of a map's entry (field 10, key absent).
    let inner = decode(hex: hex)
    let entry = [0x12, UInt8(inner.count)] + inner
    #expect(
      code(ApusTesting.Maps.self, [0x52, UInt8(entry.count)] + entry) == .malformed, "\(name)")
  }

  @Test func errorsNameThePlace() {
    let error = #expect(throws: DecodingError.self) {
      try ApusTesting.Scalars(decode(hex: "6801" + "720561"))
    }
    #expect("\(error!)" == "apus.testing.Scalars: broken or cut off at byte 2")
    let deep = #expect(throws: DecodingError.self) { try ApusTesting.Tree(nested(65)) }
    #expect(
      "\(deep!)".hasPrefix("apus.testing.Tree: messages nest deeper than 64 levels at byte "))
    let text = #expect(throws: DecodingError.self) {
      try ApusV1.PredictRequest(decode(hex: "0a01ff"))
    }
    #expect("\(text!)" == "apus.v1.PredictRequest: field model is not UTF-8")
  }

  /// Table 3-7 of the Unicode standard, its edges on both sides.
  @Test(arguments: [
    ("7f", true), ("80", false), ("bf", false), ("c080", false), ("c1bf", false), ("c280", true),
    ("dfbf", true), ("c27f", false), ("c2", false), ("e09fbf", false), ("e0a080", true),
    ("ed9fbf", true), ("eda080", false), ("edbfbf", false), ("ee8080", true), ("efbfbf", true),
    ("e0a0", false), ("e0a07f", false), ("f08fbfbf", false), ("f0908080", true),
    ("f48fbfbf", true), ("f4908080", false), ("f5808080", false), ("f09080", false),
    ("f090807f", false), ("ff", false), ("fe", false),
    ("6162636465666768" + "c3a9" + "6162636465666768", true),
    ("6162636465666768" + "c3" + "6162636465666768", false), ("61626364656667c3", false),
    ("f09f98", false), ("00", true),
  ])
  func textMustBeUTF8(hex: String, isText: Bool) {
    let text = decode(hex: hex)
    let field = [0x72, UInt8(text.count)] + text
    #expect(code(ApusTesting.Scalars.self, field) == (isText ? nil : .invalidUTF8))
    // Lists, maps and oneofs check as well.
    let list = [0xb2, 0x03, UInt8(text.count)] + text
    #expect(code(ApusTesting.Scalars.self, list) == (isText ? nil : .invalidUTF8))
    let entry = [0x0a, UInt8(text.count)] + text
    let map = [0x0a, UInt8(entry.count)] + entry
    #expect(code(ApusTesting.Maps.self, map) == (isText ? nil : .invalidUTF8))
    let choice = [0x22, UInt8(text.count)] + text
    #expect(code(ApusTesting.Choice.self, choice) == (isText ? nil : .invalidUTF8))
    #expect(code(ApusV1.Image.self, [0x0a, UInt8(text.count)] + text) == nil)
  }
}
