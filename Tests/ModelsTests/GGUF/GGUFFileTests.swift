import Bytes
import Models
import Testing

struct GGUFFileTests {
  private func problem(_ builder: GGUFBuilder) -> ModelError? {
    problem(builder.build())
  }

  private func problem(_ bytes: [UInt8]) -> ModelError? {
    #expect(throws: ModelError.self) {
      try GGUFFile(MappedFile(contents: bytes, name: "test.gguf"))
    }
  }

  @Test(arguments: [UInt32(2), 3])
  func readsBothVersions(version: UInt32) throws {
    var builder = GGUFBuilder()
    builder.version = version
    builder.entries = [
      ("a", .uint8(7)), ("b", .int32(-7)), ("c", .float32(0.5)), ("d", .bool(1)),
      ("e", .string("text")), ("f", .uint64(.max)), ("g", .strings(["x", "", "yz"])),
      ("h", .floats([1, 2])), ("i", .integers([-1, 1])), ("j", .nested(3)),
    ]
    builder.add("first", [2, 3], value: 1.5)
    builder.add("second", [5], value: -1)
    let file = try GGUFFile(builder.file())
    #expect(file.version == version)
    #expect(try file.integer("a", in: 0...10) == 7)
    #expect(try file.integer("b", in: -10...0) == -7)
    #expect(try file.real("c", in: 0...1) == 0.5)
    #expect(try file.boolean("d") == true)
    #expect(try file.string("e") == "text")
    #expect(try file.strings("g", limit: 3)?.string(2) == "yz")
    #expect(try file.floats("h", limit: 3) == [1, 2])
    #expect(try file.integers("i", limit: 3) == [-1, 1])
    #expect(try file.integer("nothing", in: 0...1) == nil)
    #expect(file.tensors.map(\.name) == ["first", "second"])
    #expect(file.tensors[0].shape == [2, 3])
    #expect(file.tensors[0].floats() == Array(repeating: 1.5, count: 6))
    #expect(file.tensors[1].floats() == Array(repeating: -1, count: 5))
  }

  @Test func asksForTypesAndRanges() throws {
    var builder = GGUFBuilder()
    builder.entries = [("a", .uint32(7)), ("b", .string("x")), ("c", .strings(["x", "y"]))]
    let file = try GGUFFile(builder.file())
    #expect(throws: ModelError.self) { try file.integer("a", in: 0...6) }
    #expect(throws: ModelError.self) { try file.integer("b", in: 0...6) }
    #expect(throws: ModelError.self) { try file.real("a", in: 0...10) }
    #expect(throws: ModelError.self) { try file.string("a") }
    #expect(throws: ModelError.self) { try file.boolean("a") }
    #expect(throws: ModelError.self) { try file.strings("c", limit: 1) }
    #expect(throws: ModelError.self) { try file.floats("c", limit: 9) }
  }

  @Test func readsQuantizedAndHalfTensors() throws {
    var builder = GGUFBuilder()
    // A scale of 0.5 (half: 0x3800) and the values -16…15.
    let block = [0x00, 0x38] + (0..<32).map { UInt8(bitPattern: Int8($0 - 16)) }
    builder.tensors = [
      .init(name: "q", dimensions: [32, 1], type: 8, data: block),
      .init(name: "h", dimensions: [2], type: 1, data: [0x00, 0x3c, 0x00, 0xc0]),
      .init(name: "b", dimensions: [2], type: 30, data: [0x80, 0x3f, 0x00, 0xc0]),
    ]
    let tensors = try GGUFFile(builder.file()).tensors
    #expect(tensors.map(\.type) == [.q8_0, .f16, .bf16])
    #expect(tensors[0].floats() == (0..<32).map { Float($0 - 16) * 0.5 })
    #expect(tensors[1].floats() == [1, -2])
    #expect(tensors[2].floats() == [1, -2])
  }

  @Test func honoursAlignment() throws {
    var builder = GGUFBuilder()
    builder.alignment = 64
    builder.entries = [("general.alignment", .uint32(64))]
    builder.add("a", [1], value: 1)
    builder.add("b", [1], value: 2)
    let tensors = try GGUFFile(builder.file()).tensors
    #expect(tensors.map { $0.region.range.lowerBound % 64 } == [0, 0])
    #expect(tensors[1].floats() == [2])
    for wrong: UInt32 in [0, 4, 48, 1 << 20] {
      builder.entries = [("general.alignment", .uint32(wrong))]
      #expect(problem(builder)?.reason.contains("general.alignment") == true)
    }
  }

  @Test func refusesOtherFormats() {
    #expect(
      problem([])?.reason
        == #"GGUF: at byte 0: expected the magic "GGUF", but only 0 bytes are left"#)
    #expect(
      problem(Array("GGML....".utf8))?.reason == #"GGUF: at byte 0: expected the magic "GGUF""#)
    var builder = GGUFBuilder()
    builder.version = 1
    #expect(problem(builder)?.reason == "GGUF: version 1; versions 2 and 3 are supported")
    builder.version = UInt32(3).byteSwapped
    #expect(problem(builder)?.reason.contains("big-endian") == true)
    #expect(problem(builder)?.code == .unsupported)
  }

  @Test(arguments: [
    (2, "Q4_0"), (3, "Q4_1"), (6, "Q5_0"), (12, "Q4_K"), (14, "Q6_K"), (24, "I8"), (39, "MXFP4"),
    (4711, "4711"),
  ])
  func namesTypesItDoesNotSupport(number: UInt32, name: String) {
    var builder = GGUFBuilder()
    builder.tensors = [.init(name: "w", dimensions: [32], type: number, data: [])]
    let error = problem(builder)
    #expect(error?.code == .unsupported)
    #expect(error?.reason.contains("tensor w is") == true)
    #expect(error?.reason.contains(name) == true)
    #expect(error?.reason.contains("F32, F16, BF16 and Q8_0 are supported") == true)
  }

  /// Counts that no file of this size can hold are refused before room for them is made.
  @Test(arguments: [UInt64(1) << 20, 1 << 40, .max])
  func refusesCountsBeyondTheFile(count: UInt64) {
    var builder = GGUFBuilder()
    builder.tensorCount = count
    #expect(problem(builder)?.reason.contains("tensors in a file of this size") == true)
    builder = GGUFBuilder()
    builder.entryCount = count
    #expect(problem(builder)?.reason.contains("metadata entries in a file of this size") == true)
    for type: UInt32 in [4, 8, 9] {
      builder = GGUFBuilder()
      let head = (0..<4).map { UInt8(truncatingIfNeeded: type >> (8 * $0)) }
      let length = (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * UInt64($0))) }
      builder.entries = [("array", .raw(type: 9, head + length))]
      #expect(problem(builder)?.reason.contains("elements of array") == true)
    }
    builder = GGUFBuilder()
    let length = (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * UInt64($0))) }
    builder.entries = [("text", .raw(type: 8, length))]
    #expect(problem(builder)?.reason.contains("expected text of") == true)
  }

  @Test func refusesBrokenMetadata() {
    var builder = GGUFBuilder()
    builder.entries = [("a", .uint8(1)), ("a", .uint8(2))]
    #expect(problem(builder)?.reason.contains("each key once, found a again") == true)
    builder.entries = [("a", .bool(2))]
    #expect(problem(builder)?.reason.contains("0 or 1 for a, found 2") == true)
    builder.entries = [("a", .raw(type: 13, []))]
    #expect(problem(builder)?.reason.contains("a type from 0 to 12 for a, found 13") == true)
    builder.entries = [("a", .nested(5))]
    #expect(problem(builder)?.reason.contains("arrays nested at most 4 deep in a") == true)
    builder.entries = [("a", .nested(4))]
    #expect(throws: Never.self) { try GGUFFile(builder.file()) }
    builder.entries = [("a", .raw(type: 8, [2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]))]
    #expect(problem(builder)?.reason.contains("expected a in UTF-8") == true)
    builder.entries = [(String(repeating: "k", count: 65_536), .uint8(1))]
    #expect(problem(builder)?.reason.contains("a key of at most 65535 bytes") == true)
  }

  @Test func refusesBrokenTensors() {
    func reason(_ tensors: GGUFBuilder.TensorEntry...) -> String {
      var builder = GGUFBuilder()
      builder.tensors = tensors
      return problem(builder)?.reason ?? ""
    }
    let four = [UInt8](repeating: 0, count: 16)
    #expect(
      reason(
        .init(name: "a", dimensions: [4], data: four), .init(name: "a", dimensions: [4], data: four)
      ).contains("found a again"))
    #expect(
      reason(
        .init(name: "a", dimensions: [16], data: four + four + four + four),
        .init(name: "b", dimensions: [4], offset: 32, data: four)
      ).contains("tensors a and b overlap"))
    #expect(reason(.init(name: "a", dimensions: [4], offset: 8, data: four)).contains("alignment"))
    #expect(
      reason(.init(name: "a", dimensions: [4], offset: 64, data: four)).contains(
        "takes 16 bytes from 64, but the data has 32 bytes"))
    #expect(
      reason(.init(name: "a", dimensions: [4], offset: UInt64.max - 31, data: four)).contains(
        "alignment"))
    #expect(reason(.init(name: "a", dimensions: [1 << 20], data: four)).contains("takes 4194304"))
    for dimensions: [UInt64] in [[0], [.max], [1 << 40, 1 << 40], [4, 0]] {
      #expect(
        reason(.init(name: "a", dimensions: dimensions, data: four)).contains("has the shape"))
    }
    #expect(
      reason(.init(name: "a", dimensions: [33, 1], type: 8, data: four)).contains("has the shape"))
    #expect(reason(.init(name: "a", dimensions: [], data: four)).contains("a rank from 1 to 4"))
    #expect(
      reason(.init(name: "a", dimensions: [1, 1, 1, 1, 1], data: four)).contains("found 5"))
    let long = String(repeating: "n", count: 256)
    #expect(reason(.init(name: long, dimensions: [4], data: four)).contains("at most 255 bytes"))
  }

  /// Every beginning of a file is refused, and says so.
  @Test func refusesEveryTruncation() {
    let bytes = GGUFBuilder.llama().build()
    for count in stride(from: 0, to: bytes.count, by: 7) {
      #expect(problem(Array(bytes[..<count]))?.reason.hasPrefix("GGUF: ") == true)
    }
  }
}
