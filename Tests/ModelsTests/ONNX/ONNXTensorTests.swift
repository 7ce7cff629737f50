import Bytes
import Messages
import Models
import Testing

struct ONNXTensorTests {
  private typealias Build = ONNXBuilder

  private func model(_ tensor: Onnx.TensorProto) -> Onnx.ModelProto {
    Build.model(Build.graph([Build.node("Neg", ["x"], ["y"])], initializers: [tensor]))
  }

  private func problem(_ tensor: Onnx.TensorProto) -> String {
    let problems = model(tensor).problems()
    return problems.count == 1 ? problems[0] : "\(problems)"
  }

  private func read(_ tensor: Onnx.TensorProto) throws -> ONNXTensor {
    try #require(try model(tensor).read().graph.initializers.first)
  }

  @Test(arguments: [
    (ONNXElementType.float, 3, 12), (.double, 3, 24), (.bool, 3, 3), (.complex128, 1, 16),
    (.int4, 0, 0), (.int4, 1, 1), (.int4, 2, 1), (.uint4, 3, 2), (.uint2, 4, 1), (.int2, 5, 2),
    (.float6e2m3, 1, 1), (.float6e3m2, 4, 3), (.float6e3m2, 5, 4), (.float6e3m2, 9, 7),
  ])
  func countsBytes(type: ONNXElementType, count: Int, bytes: Int) {
    #expect(type.byteCount(of: count) == bytes)
  }

  @Test func countsNoBytesThatNoNumberHolds() {
    #expect(ONNXElementType.float.byteCount(of: .max) == nil)
    #expect(ONNXElementType.uint8.byteCount(of: .max) == .max)
    #expect(ONNXElementType.int4.byteCount(of: .max) == (.max / 2) + 1)
    #expect(ONNXElementType.int8.byteCount(of: -1) == nil)
    #expect(ONNXElementType.string.byteCount(of: 1) == nil)
    #expect(ONNXElementType.string.size == nil && ONNXElementType.int4.size == nil)
    #expect(ONNXElementType.complex64.size == 8)
  }

  @Test(arguments: [
    ([2, 3], "it is uint8 of the shape [2, 3] and so takes 6 bytes, but it has 5"),
    ([], "it is uint8 of the shape [] and so takes 1 bytes, but it has 5"),
    ([-1, 5], "it cannot have the shape [-1, 5]"),
    ([-5, -1], "it cannot have the shape [-5, -1]"),
    ([1 << 32, 1 << 32], "it cannot have the shape [4294967296, 4294967296]"),
    ([0, 1 << 62, 4], "it cannot have the shape [0, 4611686018427387904, 4]"),
    ([1 << 62, 4, 0], "it cannot have the shape [4611686018427387904, 4, 0]"),
    ([1, 1, 1, 1, 1, 1, 1, 1, 5], "it has 9 dimensions; at most 8 are supported"),
  ])
  func holdsShapesToTheirData(shape: [Int64], reason: String) {
    #expect(
      problem(Build.tensor("w", shape, .uint8, raw: [1, 2, 3, 4, 5])) == "the tensor w: \(reason)")
  }

  @Test func refusesShapesOfTooManyBytes() {
    #expect(
      problem(Build.tensor("w", [1 << 61], .int64, raw: []))
        == "the tensor w: the shape [2305843009213693952] is too large")
  }

  @Test(arguments: [0, 29, -1, Int32.max])
  func refusesTypesItDoesNotKnow(number: Int32) {
    #expect(
      problem(Onnx.TensorProto(dims: [0], dataType: number, name: "w"))
        == "the tensor w: its elements are of the type \(number), which is not known here")
  }

  @Test func readsNumbersInSeveralPieces() throws {
    var tensor = Onnx.TensorProto(dims: [4], dataType: ONNXElementType.int64.rawValue, name: "w")
    tensor.int64Data = [1, -1]
    // Fields of a message that comes in two parts are one list.
    func bytes(_ first: Onnx.TensorProto, _ second: [UInt8]) -> [UInt8] {
      let tensor = first.encoded() + second
      let graph =
        Build.graph([Build.node("Neg", ["x"], ["y"])]).encoded() + [0x2A, UInt8(tensor.count)]
        + tensor
      return Build.identity.with { $0.graph = nil }.encoded() + [0x3A, UInt8(graph.count)] + graph
    }
    func values(_ first: Onnx.TensorProto, _ second: [UInt8]) throws -> ONNXTensor {
      let file = MappedFile(contents: bytes(first, second), name: "f")
      return try #require(try ONNXModel(file).graph.initializers.first)
    }
    #expect(try values(tensor, [0x3A, 2, 5, 6]).int64s() == [1, -1, 5, 6])
    #expect(try values(tensor, [0x38, 5, 0x38, 6]).int64s() == [1, -1, 5, 6])
    var floats = Onnx.TensorProto(dims: [2], dataType: 1, name: "w")
    floats.floatData = [1.5]
    #expect(try values(floats, [0x25, 0, 0, 0, 0x40]).floats() == [1.5, 2])
  }

  @Test func convertsAndChecksNumbers() throws {
    func tensor(_ type: ONNXElementType, _ values: [Int32]) -> Onnx.TensorProto {
      Onnx.TensorProto(
        dims: [Int64(values.count)], dataType: type.rawValue, int32Data: values, name: "w")
    }
    #expect(try read(tensor(.int8, [-128, 127])).int64s() == [-128, 127])
    #expect(try read(tensor(.float16, [0x3C00, 0xC000])).floats() == [1, -2])
    #expect(
      try read(
        Onnx.TensorProto(
          dims: [2], dataType: ONNXElementType.uint32.rawValue, name: "w",
          uint64Data: [0, 0xFFFF_FFFF])
      ).int64s() == [0, 0xFFFF_FFFF])
    #expect(
      try read(
        Onnx.TensorProto(
          dims: [1], dataType: ONNXElementType.uint64.rawValue, name: "w", uint64Data: [.max])
      ).int64s() == nil)
    for (type, value) in [
      (ONNXElementType.int8, Int32(128)), (.uint8, -1), (.uint16, 65_536), (.bfloat16, -1),
      (.int4, 256),
    ] {
      #expect(
        problem(tensor(type, [value])).contains("a number that \(type.name) holds, found \(value)"))
    }
    #expect(
      problem(tensor(.uint64, [1]))
        == "the tensor w: it is uint64, and its values stand in field 5")
    #expect(
      problem(tensor(.int16, [1, 2, 3]).with { $0.dims = [2] })
        == "the tensor w: it is int16 of the shape [2] and so takes 4 bytes, but it has 6")
  }

  @Test func wantsValuesInOnePlace() {
    let both = Build.tensor("w", [1], raw: [0, 0, 0, 0]).with { $0.floatData = [1] }
    #expect(problem(both) == "the tensor w: its values stand in two places")
    let outside = Build.tensor("w", [1], raw: [0, 0, 0, 0]).with { $0.dataLocation = .external }
    #expect(problem(outside) == "the tensor w: its values stand in two places")
    let texts = Onnx.TensorProto(dims: [1], dataType: 1, stringData: [[1]], name: "w")
    #expect(problem(texts) == "the tensor w: it is float, and its values are texts")
  }

  @Test func countsTexts() throws {
    let tensor = Onnx.TensorProto(
      dims: [2], dataType: ONNXElementType.string.rawValue, stringData: [[1], [2], [3]], name: "w")
    #expect(
      problem(tensor) == "the tensor w: it has the shape [2] and so 2 texts, but there are 3")
    #expect(try read(tensor.with { $0.dims = [3, 1] }).strings == [[1], [2], [3]])
    let raw = Build.tensor("w", [1], .string, raw: [65])
    #expect(problem(raw) == "the tensor w: it has the shape [1] and so 1 texts, but there are 0")
  }

  @Test func refusesSegments() {
    let tensor = Build.tensor("w", [1], .int8, raw: [1]).with {
      $0.segment = .init(begin: 0, end: 1)
    }
    #expect(problem(tensor) == "the tensor w: it is a segment of a larger tensor")
  }
}

extension Onnx.TensorProto {
  fileprivate func with(_ change: (inout Onnx.TensorProto) -> Void) -> Onnx.TensorProto {
    var copy = self
    change(&copy)
    return copy
  }
}
