import Bytes
import Models
import TestSupport
import Testing

struct SafetensorsFileTests {
  private func reason(_ builder: SafetensorsBuilder) -> String {
    let error = #expect(throws: ModelError.self) { try SafetensorsFile(builder.file()) }
    return error?.reason ?? ""
  }

  private func reason(header: String) -> String {
    var builder = SafetensorsBuilder()
    builder.add("w", [2])
    builder.header = header
    return reason(builder)
  }

  @Test func readsTensorsOfEachType() throws {
    var builder = SafetensorsBuilder()
    builder.add("w", [2, 3], value: 2.5)
    builder.add("h", "F16", [2], [0x00, 0x3c, 0x00, 0xc0])
    builder.add("b", "BF16", [1], [0x80, 0x3f])
    builder.add("i", "I64", [1, 1], [UInt8](repeating: 1, count: 8))
    builder.add("odd", "U8", [1], [9])
    builder.add("empty", "F32", [0, 4], [])
    builder.add("unaligned", [1], value: 7)
    let tensors = try SafetensorsFile(builder.file()).tensors
    #expect(tensors.map(\.name) == ["w", "h", "b", "i", "odd", "empty", "unaligned"])
    #expect(tensors[0].floats() == Array(repeating: 2.5, count: 6))
    #expect(tensors[1].floats() == [1, -2])
    #expect(tensors[2].floats() == [1])
    #expect(tensors[3].floats() == nil)
    #expect(tensors[5].floats() == [])
    #expect(tensors[6].floats() == [7])
  }

  @Test(arguments: [UInt64(3) << 20, 1 << 30, .max])
  func refusesHeadersBeyondTheFile(length: UInt64) {
    var builder = SafetensorsBuilder()
    builder.length = length
    #expect(reason(builder).contains("a header of"))
  }

  @Test func refusesFilesTooShort() {
    let error = #expect(throws: ModelError.self) {
      try SafetensorsFile(MappedFile(contents: [1, 2, 3], name: "short"))
    }
    #expect(
      error?.description
        == "short: safetensors: at byte 0: expected the header's length, but only 3 bytes are left")
  }

  @Test(arguments: [
    ("[]", "the header is no JSON object"),
    ("{", "header: line 1"),
    (#"{"w":{"shape":[2],"data_offsets":[0,8]}}"#, #"w has no "dtype" string"#),
    (#"{"w":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#, "w is F8_E4M3; F64, F32"),
    (#"{"w":{"dtype":"Q8_0","shape":[8],"data_offsets":[0,8]}}"#, "w is Q8_0; F64, F32"),
    (#"{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, #""shape" must hold integers"#),
    (#"{"w":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#, #""shape" must hold integers"#),
    (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "must be [begin, end]"),
    (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, "must be [begin, end]"),
    (#"{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, "w has 8 bytes, which is not F32"),
    (
      #"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
      "w ends at 16, but the data has 8"
    ),
    (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "but the tensors end at 4"),
    (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "leaves a gap before"),
    (
      #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""v":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "v begins at 4 and overlaps"
    ),
    (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{}}"#, "stands twice"),
    (
      #"{"w":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}}"#,
      "an array of at most 8"
    ),
    (#"{"w":[[[[[]]]]]}"#, "nested deeper than 4"),
    (
      #"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#,
      "which is not F32 of the shape"
    ),
  ])
  func refusesBrokenHeaders(header: String, expected: String) {
    #expect(reason(header: header).contains(expected))
  }

  @Test(arguments: 0..<4)
  func survivesMutatedFiles(seed: UInt64) {
    var builder = SafetensorsBuilder()
    builder.add("first", [4, 4], value: 1)
    builder.add("second", [3], value: 2)
    let bytes = builder.build()
    var generator = SeededGenerator(seed: seed)
    var refused = 0
    for _ in 0..<2_500 {
      let broken = Mutation.mutate(bytes, &generator)
      do {
        let file = try SafetensorsFile(MappedFile(contents: broken, name: "broken"))
        for tensor in file.tensors { _ = tensor.floats() }
      } catch {
        refused += 1
        #expect(!error.reason.isEmpty)
      }
    }
    #expect(refused > 1_000)
    #expect(refused < 2_500)
  }
}
