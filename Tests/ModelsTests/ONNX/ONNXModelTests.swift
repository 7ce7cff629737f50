import Bytes
import Messages
import Models
import TestSupport
import Testing

struct ONNXModelTests {
  private typealias Build = ONNXBuilder

  @Test func readsTheSmallestModel() throws {
    let model = try Build.identity.read()
    #expect(model.path == "test.onnx" && model.irVersion == 8 && model.opsets[""] == 17)
    let node = try #require(model.graph.nodes.first)
    #expect(node.name == "same" && node.operation == "Identity" && node.version == 17)
    #expect(node.inputs == ["x"] && node.outputs == ["y"])
  }

  @Test func refusesFilesThatAreNoModels() {
    func problem(_ bytes: [UInt8]) -> String? {
      let error = #expect(throws: ONNXError.self) {
        try ONNXModel(MappedFile(contents: bytes, name: "f"))
      }
      return error?.modelError.description
    }
    #expect(problem([]) == "f: ONNX: there is no IR version; is this an ONNX model?")
    #expect(problem(Array("GGUF".utf8))?.contains("a field of a type in use") == true)
    #expect(problem([8, 8]) == "f: ONNX: there is no graph")
    #expect(problem([8, 0x80])?.contains("expected a number, but only 1 bytes are left") == true)
    #expect(problem([8, 8, 0x3A, 5, 0])?.contains("expected 5 bytes, but only 1") == true)
  }

  @Test func namesAFileThatIsNotThere() {
    let error = #expect(throws: ONNXError.self) { try ONNXModel(path: "/nowhere/model.onnx") }
    #expect(error?.problems.first?.code == .unreadable)
    #expect(error?.modelError.code == .unreadable)
    #expect(error?.description.contains("/nowhere/model.onnx: ONNX: cannot be opened") == true)
  }

  @Test(arguments: [(2, false), (3, true), (14, true), (15, false), (-1, false), (.max, false)])
  func takesVersionsThatItKnows(version: Int64, isRead: Bool) {
    let problems = Build.identity.with { $0.irVersion = version }.problems()
    #expect(
      problems == (isRead ? [] : ["IR version \(version); 3 to 14 are supported"]))
  }

  @Test(arguments: [
    ("", 6, false), ("", 7, true), ("", 28, true), ("", 29, false), ("ai.onnx", 22, true),
    ("ai.onnx.ml", 1, true), ("ai.onnx.ml", 5, true), ("ai.onnx.ml", 6, false),
    ("com.microsoft", 1, true), ("com.microsoft", 2, false), ("com.microsoft", .max, false),
  ])
  func takesOperatorSetsThatItKnows(domain: String, version: Int64, isRead: Bool) {
    let nodes = [Build.node("Op", ["x"], ["y"], domain: domain)]
    let problems = Build.model(Build.graph(nodes), opsets: [(domain, version)]).problems()
    #expect(problems.isEmpty == isRead)
    #expect(isRead || problems.count == 1 && problems[0].contains("version \(version) of the"))
  }

  @Test func wantsOperatorSetsThatAreUsedAndNoOthers() {
    let nodes = [
      Build.node("Scaler", ["x"], ["s"], name: "a", domain: "ai.onnx.ml"),
      Build.node("Scaler", ["s"], ["t"], name: "b", domain: "ai.onnx.ml"),
      Build.node("Grep", ["t"], ["y"], name: "c", domain: "unix"),
    ]
    let problems = Build.model(Build.graph(nodes), opsets: [("", 2), ("unix", 1)]).problems()
    #expect(problems.count == 2)
    #expect(problems.first == "the operator set ai.onnx.ml is used and not imported with a version")
    #expect(problems.last?.hasPrefix("node c (unix.Grep): the operator set is not known") == true)
  }

  @Test func refusesOneSetInTwoVersions() {
    let graph = Build.graph([Build.node("Identity", ["x"], ["y"])])
    #expect(
      Build.model(graph, opsets: [("ai.onnx", 17), ("", 18)]).problems()
        == ["the operator set \"\" is imported in two versions"])
    #expect(Build.model(graph, opsets: [("ai.onnx", 17), ("", 17)]).problems() == [])
  }

  @Test func refusesTwoGraphs() {
    let bytes = Build.identity.encoded()
    let error = #expect(throws: ONNXError.self) {
      try ONNXModel(MappedFile(contents: bytes + bytes, name: "f"))
    }
    #expect(error?.description.contains("field 7 may stand once in a message") == true)
  }

  @Test func passesOverFieldsOfLaterVersions() throws {
    // Number 99: a text, a number, eight bytes and four.
    let unknown: [UInt8] = [
      0x9A, 6, 2, 65, 66, 0x98, 6, 5, 0x99, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x9D, 6, 0, 0, 0, 0,
    ]
    let bytes = unknown + Build.identity.encoded() + unknown
    #expect(try ONNXModel(MappedFile(contents: bytes, name: "f")).graph.nodes.count == 1)
  }

  @Test func tellsAllThatIsWrongAtOnce() throws {
    struct Few: ONNXSupport {
      func refusal(of node: ONNXNode) -> String? {
        node.operation == "Add" ? nil : "version \(node.version) is not supported"
      }
      func supports(_ type: ONNXElementType) -> Bool { type == .float }
    }
    let inner = Build.branch(
      "body", [Build.node("Sin", ["s"], ["t"], name: "deep")], outputs: ["t"])
    let value = Onnx.AttributeProto(
      name: "value", t: Build.tensor("", [1], .int8, raw: [1]), type: .tensor)
    var graph = Build.graph(
      [
        Build.node("Cos", ["x"], ["c"], name: "first"),
        Build.node("Add", ["c", "missing"], ["s"], name: "second"),
        Build.node("Loop", ["s"], ["y"], name: "third", inner),
        Build.node("Add", ["s", "s"], ["u"], name: "fourth", value),
      ], initializers: [Build.tensor("w", [2], .int8, raw: [1, 2])])
    graph.input.append(Build.value("z", type: .string))
    graph.input.append(Onnx.ValueInfoProto(name: "open"))
    let error = #expect(throws: ONNXError.self) { try Build.model(graph).read(Few()) }
    #expect(
      error?.problems.map(\.description) == [
        "the initializer w is int8, which is not supported",
        "the input z is string, which is not supported",
        "the input open does not say of which type it is",
        "node first (Cos): version 17 is not supported",
        "node third (Loop): version 17 is not supported",
        "node deep (Sin): version 17 is not supported",
        "node fourth (Add): its attribute value is int8, which is not supported",
        "node second (Add): nothing gives its input missing",
      ])
    #expect(error?.problems[3].node == "first" && error?.problems[3].operation == "Cos")
    let text = error?.modelError
    #expect(text?.code == .malformed)
    #expect(text?.reason.hasPrefix("ONNX: 8 problems: the initializer w is int8") == true)
  }

  @Test func listsNoMoreProblemsThanItSays() {
    let nodes = (0..<100).map { Build.node("Add", ["lost\($0)"], ["o\($0)"]) }
    let error = #expect(throws: ONNXError.self) { try Build.model(Build.graph(nodes)).read() }
    #expect(error?.problems.count == 64 && error?.unlisted == 37)
    #expect(error?.description.hasSuffix("; and 37 more") == true)
    #expect(error?.description.contains("101 problems") == true)
  }

  @Test func showsNamesOnOneLine() {
    let name = "a\n\u{1B}[31m" + String(repeating: "é", count: 200)
    let problems = Build.model(Build.graph([Build.node("Add", [name], ["y"])])).problems()
    #expect(problems.count == 1)
    #expect(problems[0].utf8.count < 250 && problems[0].contains(#"a\n\u{1b}[31méé"#))
  }
}
