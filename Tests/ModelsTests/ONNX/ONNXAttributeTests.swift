import Messages
import Models
import Testing

struct ONNXAttributeTests {
  private typealias Build = ONNXBuilder

  private func model(_ attributes: [Onnx.AttributeProto]) -> Onnx.ModelProto {
    var node = Build.node("Op", ["x"], ["y"], name: "n")
    node.attribute = attributes
    return Build.model(Build.graph([node]))
  }

  private func node(_ attributes: Onnx.AttributeProto...) throws -> ONNXNode {
    try #require(try model(attributes).read().graph.nodes.first)
  }

  private func problems(_ attributes: Onnx.AttributeProto...) -> [String] {
    model(attributes).problems()
  }

  @Test func readsEachKind() throws {
    let type = Onnx.TypeProto(value: .tensorType(.init(elemType: 1)))
    let tensor = Build.tensor("t", [2], .uint8, raw: [3, 4])
    let graph = Build.graph([Build.node("Neg", ["x"], ["z"])], inputs: [], outputs: ["z"])
    let node = try node(
      .init(name: "f", f: 0.5, type: .float), .init(name: "i", i: -3, type: .int),
      .init(name: "s", s: Array("text".utf8), type: .string),
      .init(name: "t", t: tensor, type: .tensor), .init(name: "g", g: graph, type: .graph),
      .init(name: "fs", floats: [1, 2], type: .floats),
      .init(name: "is", ints: [1, -2], type: .ints),
      .init(name: "ss", strings: [[0], []], type: .strings),
      .init(name: "ts", tensors: [tensor, tensor], type: .tensors),
      .init(name: "gs", graphs: [graph], type: .graphs),
      .init(name: "tp", tp: type, type: .typeProto),
      .init(name: "tps", typeProtos: [type, type], type: .typeProtos))
    #expect(try node.float("f") == 0.5 && node.int("i") == -3 && node.text("s") == "text")
    #expect(try node.tensor("t")?.int64s() == [3, 4])
    #expect(try node.graph("g")?.nodes.map(\.operation) == ["Neg"])
    #expect(try node.floats("fs") == [1, 2] && node.ints("is") == [1, -2])
    #expect(try node.strings("ss") == [[0], []])
    guard case .tensors(let tensors) = node.attributes["ts"],
      case .graphs(let graphs) = node.attributes["gs"],
      case .type(.tensor(.float, shape: nil)) = node.attributes["tp"],
      case .types(let types) = node.attributes["tps"]
    else {
      Issue.record("an attribute is of another kind")
      return
    }
    #expect(tensors.count == 2 && graphs[0].outerNames == ["x"] && types.count == 2)
  }

  @Test func takesZeroForWhatIsLeftOut() throws {
    let node = try node(
      .init(name: "f", type: .float), .init(name: "i", type: .int), .init(name: "s", type: .string),
      .init(name: "is", type: .ints))
    #expect(try node.float("f") == 0 && node.int("i") == 0 && node.text("s") == "")
    #expect(try node.ints("is") == [])
  }

  @Test func saysWhatIsWrong() {
    #expect(
      problems(
        .init(name: "a", i: 1), .init(name: "b", i: 1, type: .unrecognized(77)),
        .init(i: 1, type: .int), .init(name: "c", type: .tensor), .init(name: "d", type: .graph),
        .init(name: "e", i: 1, type: .int), .init(name: "e", i: 2, type: .int),
        .init(name: "h", type: .sparseTensor), .init(name: "j", type: .int, refAttrName: "outer"),
        .init(name: "k", t: .init(dims: [2], dataType: 1, rawData: [1]), type: .tensor),
        .init(name: "l", tp: .init(), type: .typeProto)) == [
          "node n (Op): the attribute a: it does not say of which type it is",
          "node n (Op): the attribute b: it is of the type 77, which is not known here",
          "node n (Op): an attribute has no name",
          "node n (Op): the attribute c: its value is missing",
          "node n (Op): the attribute d: its value is missing",
          "node n (Op): it has the attribute e twice",
          "node n (Op): the attribute h: sparse tensors are not supported",
          "node n (Op): the attribute j refers to a function's, and there is no function",
          "node n (Op): the attribute k: a tensor: it is float of the shape [2] and so takes 8 "
            + "bytes, but it has 1",
          "node n (Op): the attribute l: its value is missing",
        ])
  }

  @Test(arguments: [(256, true), (257, false)])
  func boundsAttributes(count: Int, isRead: Bool) {
    let problems = model((0..<count).map { Build.int("a\($0)", 1) }).problems()
    #expect(problems.isEmpty == isRead)
    #expect(
      isRead || problems[0] == "node n (Op): it has 257 attributes; at most 256 are supported")
  }

  @Test func gettersNameNodeAndAttribute() throws {
    let node = try node(
      .init(name: "i", i: 1, type: .int), .init(name: "s", s: [0xFF], type: .string))
    #expect(try node.int("none") == nil && node.int("none", default: 4) == 4)
    #expect(try node.flag("i", default: false) && node.flag("none", default: true))
    #expect(try node.float("none", default: 2) == 2 && node.text("none", default: "t") == "t")
    func text(_ body: () throws(ONNXProblem) -> Void) -> String {
      do throws(ONNXProblem) { try body() } catch { return error.description }
      return ""
    }
    #expect(
      text { () throws(ONNXProblem) in _ = try node.floats("i") }
        == "node n (Op): the attribute i must be floats, found an integer")
    #expect(
      text { () throws(ONNXProblem) in _ = try node.text("s") }
        == "node n (Op): the attribute s must be a text in UTF-8, found a text")
    #expect(
      text { () throws(ONNXProblem) in _ = try node.required("body", node.graph("body")) }
        == "node n (Op): the attribute body is missing")
  }
}
