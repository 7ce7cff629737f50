import Inference
import Messages
import Models
import Testing

@testable import Serving

struct TensorReaderTests {
  private let budget = MemoryBudget(limit: 1 << 20)

  private func port(_ type: ONNXElementType, _ shape: [ONNXDimension]?) -> GraphSignature.Port {
    GraphSignature.Port("x", type, shape)
  }

  private func read(
    _ tensor: ApusV1.Tensor, as port: GraphSignature.Port
  ) throws(Status) -> GraphTensor {
    let reader = TensorReader(
      model: "m", signature: GraphSignature(inputs: [port], outputs: []), budget: budget)
    return try reader.inputs(ApusV1.NamedTensors(tensors: ["x": tensor]), "tensors").values[0]
  }

  private func problem(_ tensor: ApusV1.Tensor, _ port: GraphSignature.Port) -> String {
    do throws(Status) {
      _ = try read(tensor, as: port)
      return ""
    } catch {
      return error.message
    }
  }

  @Test func shapesAreShownByTheNamesThatTheGraphHas() {
    let open = port(.float, [.symbolic("batch"), .unknown, .fixed(3)])
    #expect(open.shown(rows: true) == "`x` (FP32 [batch, any, 3])")
    #expect(port(.int64, [.fixed(1), .fixed(2)]).shown(rows: true) == "`x` (INT64 [any, 2])")
    #expect(port(.int64, [.fixed(1), .fixed(2)]).shown(rows: false) == "`x` (INT64 [1, 2])")
    #expect(port(.float, nil).shown(rows: false) == "`x` (FP32 of any shape)")
    // What programs are told stays a number.
    #expect(open.wireShape(rows: true) == [-1, -1, 3])
    var tensor = ApusV1.Tensor(dataType: .fp32, shape: [2, 2])
    tensor.floats = [1, 2, 3, 4]
    #expect(problem(tensor, open).contains("expected [1, any, 3] or [any, 3], one row"))
  }

  @Test func aRowMayLackItsOne() {
    let pair = port(.float, [.symbolic("N"), .fixed(2)])
    #expect(pair.instanceShape([2], rows: true) == [1, 2])
    #expect(pair.instanceShape([1, 2], rows: true) == [1, 2])
    #expect(pair.instanceShape([3, 2], rows: true) == nil)
    #expect(pair.instanceShape([], rows: true) == nil)
    #expect(pair.instanceShape([3, 2], rows: false) == [3, 2])
    #expect(pair.instanceShape([0, 2], rows: false) == nil)
    #expect(port(.float, nil).instanceShape([4, 4], rows: false) == [4, 4])
    #expect(port(.float, [.fixed(0)]).instanceShape([0], rows: false) == [0])
  }

  @Test func elementsOfEveryType() throws {
    let one = [ONNXDimension.unknown]
    var tensor = ApusV1.Tensor(dataType: .int8, shape: [2])
    tensor.ints = [-128, 127]
    #expect(try read(tensor, as: port(.int8, one)).values(Int8.self).array == [-128, 127])
    tensor.ints = [1, 128]
    #expect(
      problem(tensor, port(.int8, one)).contains("expected -128 to 127 as INT8 has it, got 128"))
    tensor = ApusV1.Tensor(dataType: .bool, shape: [2])
    tensor.ints = [0, 7]
    #expect(try read(tensor, as: port(.bool, one)).values(UInt8.self).array == [0, 1])
    tensor = ApusV1.Tensor(dataType: .fp32, shape: [2])
    tensor.floats = [1, 0.5]
    #expect(
      try read(tensor, as: port(.float16, one)).values(UInt16.self).array == [0x3C00, 0x3800])
    tensor = ApusV1.Tensor(dataType: .fp16, shape: [1])
    tensor.raw = [0, 0x3C]
    #expect(try read(tensor, as: port(.float16, one)).values(UInt16.self).array == [0x3C00])
    tensor = ApusV1.Tensor(dataType: .bytes, shape: [2])
    tensor.raw = [1, 0, 0, 0, 0x61, 0, 0, 0, 0]
    #expect(try read(tensor, as: port(.string, one)).strings == [[0x61], []])
  }

  @Test func wrongElementsAreNamed() {
    let one = port(.float, [.unknown])
    var tensor = ApusV1.Tensor(dataType: .fp32, shape: [2])
    #expect(problem(tensor, one).hasPrefix("tensors.x.floats: expected 2 elements"))
    tensor.floats = [1, 2]
    tensor.raw = [0]
    #expect(problem(tensor, one) == "tensors.x.floats: there is `raw` too; give one of the two")
    tensor.floats = []
    #expect(problem(tensor, one).hasPrefix("tensors.x.raw: expected 2 elements of 4 bytes"))
    tensor.dataType = .unrecognized(99)
    #expect(problem(tensor, one) == "tensors.x.data_type: expected FP32, got no type")
    tensor = ApusV1.Tensor(dataType: .bytes, shape: [2])
    tensor.raw = [255, 255, 255, 255]
    #expect(problem(tensor, port(.string, [.unknown])).hasPrefix("tensors.x.raw: "))
    tensor = ApusV1.Tensor(dataType: .fp32, shape: [.max, .max])
    #expect(problem(tensor, port(.float, [.unknown, .unknown])).hasPrefix("tensors.x.shape: "))
    tensor = ApusV1.Tensor(dataType: .fp32, shape: Array(repeating: 1, count: 99))
    #expect(problem(tensor, port(.float, nil)).contains("got 99 dimensions"))
  }

  @Test func whatHasNoRoomMayComeLater() {
    let tensor = ApusV1.Tensor(
      dataType: .fp32, shape: [1 << 19], floats: Array(repeating: 1, count: 1 << 19))
    let status = #expect(throws: Status.self) { try read(tensor, as: port(.float, [.unknown])) }
    #expect(status?.code == .resourceExhausted)
    #expect(budget.used == 0)
  }

  @Test func answersAreWhatWentIn() throws {
    let tensor = ApusV1.Tensor(dataType: .int64, shape: [2], longs: [-1, 5])
    let read = try read(tensor, as: port(.int64, [.unknown]))
    #expect(try read.answer == tensor)
    let half = try GraphTensor.make(.float16, [1], bytes: [0, 0x3C], budget)
    #expect(try half.answer == ApusV1.Tensor(dataType: .fp32, shape: [1], floats: [1]))
  }
}
