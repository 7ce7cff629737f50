import Messages
import Models
import Testing

struct ONNXFunctionTests {
  private typealias Build = ONNXBuilder

  private func function(
    _ name: String, _ nodes: [Onnx.NodeProto], inputs: [String] = ["a"], outputs: [String] = ["b"],
    attributes: [String] = []
  ) -> Onnx.FunctionProto {
    Onnx.FunctionProto(
      name: name, input: inputs, output: outputs, attribute: attributes, node: nodes,
      opsetImport: [.init(domain: "", version: 18), .init(domain: "own", version: 1)],
      domain: "own")
  }

  private func model(
    _ functions: [Onnx.FunctionProto], _ attributes: Onnx.AttributeProto...,
    inputs: [String] = ["x"],
    outputs: [String] = ["y"]
  ) -> Onnx.ModelProto {
    var call = Build.node("F", inputs, outputs, name: "call", domain: "own")
    call.attribute = attributes
    return Build.model(Build.graph([call]), functions: functions)
  }

  @Test func leavesInputsAndOutputsOut() throws {
    let body = [
      Build.node("Clip", ["a", "low", "high"], ["b"]), Build.node("Neg", ["b"], ["extra"]),
    ]
    let functions = [
      function("F", body, inputs: ["a", "low", "high"], outputs: ["b", "extra"])
    ]
    let nodes = try model(functions, inputs: ["x", "", "x"]).read().graph.nodes
    #expect(nodes[0].inputs == ["x", "", "x"] && nodes[0].outputs == ["y"])
    #expect(nodes[1].inputs == ["y"] && nodes[1].outputs == ["extra@1"])
    #expect(nodes.allSatisfy { $0.version == 18 })
  }

  @Test func leavesOutAttributesThatCallersDo() throws {
    var neg = Build.node("Neg", ["a"], ["b"])
    neg.attribute = [.init(name: "alpha", type: .float, refAttrName: "slope")]
    let functions = [function("F", [neg], attributes: ["slope"])]
    #expect(try model(functions).read().graph.nodes[0].attributes.isEmpty)
    let given = model(functions, .init(name: "slope", f: 2, type: .float))
    #expect(try given.read().graph.nodes[0].float("alpha") == 2)
    #expect(
      model(functions, .init(name: "slop", f: 2, type: .float)).problems()
        == ["node call (own.F): the function has no attribute slop"])
  }

  @Test func namesNodesWithinFunctions() {
    let functions = [function("F", [Build.node("Neg", ["gone"], ["b"], name: "within")])]
    #expect(
      model(functions).problems() == ["node within (Neg): nothing gives its input gone@1"])
  }

  @Test func tellsOverloadsApart() throws {
    var one = function("F", [Build.node("Neg", ["a"], ["b"])])
    var two = function("F", [Build.node("Abs", ["a"], ["b"])])
    two.overload = "second"
    #expect(try model([one, two]).read().graph.nodes.map(\.operation) == ["Neg"])
    one.overload = "third"
    var model = model([one, two])
    model.graph?.node[0].overload = "second"
    #expect(try model.read().graph.nodes.map(\.operation) == ["Abs"])
    model.graph?.node[0].overload = "fourth"
    #expect(
      model.problems() == ["node call (own.F): there is no function for its overload fourth"])
  }

  @Test func refusesFunctionsThatCallThemselves() {
    let one = function("F", [Build.node("G", ["a"], ["b"], name: "inner", domain: "own")])
    let two = function("G", [Build.node("F", ["a"], ["b"], name: "outer", domain: "own")])
    #expect(
      model([one, two]).problems() == ["node outer (own.F): the function calls itself"])
  }

  @Test func refusesFunctionsThatCallThemselvesInADefault() {
    let calling = Build.node("F", ["a"], ["d"], name: "hidden", domain: "own")
    var one = function("F", [Build.node("Neg", ["a"], ["b"])])
    one.attributeProto = [Build.branch("body", [calling], inputs: [], outputs: ["d"])]
    #expect(
      model([one]).problems() == ["node hidden (own.F): the function calls itself"])
    let given = Build.branch("body", [Build.node("Abs", ["x"], ["g"])], outputs: ["g"])
    #expect(model([one], given).problems() == [], "nobody reads the default")
  }

  @Test func refusesCallsThatDoNotFit() {
    let functions = [function("F", [Build.node("Neg", ["a"], ["b"])])]
    #expect(
      model(functions, inputs: ["x", "x"]).problems() == [
        "node call (own.F): it has 2 inputs and 1 outputs; the function takes 1 and gives 1"
      ])
    #expect(
      model(functions + functions).problems() == ["the function F is defined twice"])
    #expect(
      model([function("F", [], inputs: ["a", "a"])]).problems()
        == ["the function F has two inputs or outputs of the same name"])
    #expect(
      model([function("F", [], inputs: ["a"], outputs: ["a"])]).problems().first
        == "the function F has two inputs or outputs of the same name")
  }

  @Test func boundsHowOftenFunctionsAreSetIn() {
    // Each calls the next twice: 2^15 calls of the last.
    var functions: [Onnx.FunctionProto] = []
    for level in 0..<15 {
      let calls = [
        Build.node("F\(level + 1)", ["a"], ["m"], domain: "own"),
        Build.node("F\(level + 1)", ["m"], ["b"], domain: "own"),
      ]
      functions.append(function(level == 0 ? "F" : "F\(level)", calls))
    }
    let many = (0..<8).map {
      Build.node("Neg", [$0 == 0 ? "a" : "v\($0)"], [$0 == 7 ? "b" : "v\($0 + 1)"])
    }
    let problems = model(functions + [function("F15", many)]).problems()
    #expect(problems.count == 1)
    #expect(problems.first?.contains("there are more than 131072 nodes") == true)
  }

  @Test(arguments: [(16, true), (17, false)])
  func boundsHowDeepFunctionsCall(depth: Int, isRead: Bool) {
    var functions = [function("F\(depth - 1)", [Build.node("Neg", ["a"], ["b"])])]
    for level in 1..<depth - 1 {
      functions.append(
        function("F\(level)", [Build.node("F\(level + 1)", ["a"], ["b"], domain: "own")]))
    }
    functions.append(function("F", [Build.node("F1", ["a"], ["b"], domain: "own")]))
    let problems = model(functions).problems()
    #expect(problems.isEmpty == isRead)
    #expect(isRead || problems[0].contains("functions call each other more than 16 deep"))
  }
}
