import Bytes
import Messages
import Models
import Testing

struct ONNXGraphTests {
  private typealias Build = ONNXBuilder

  private func problems(_ nodes: [Onnx.NodeProto], outputs: [String] = ["y"]) -> [String] {
    Build.model(Build.graph(nodes, outputs: outputs)).problems()
  }

  @Test func putsNodesInOrder() throws {
    let nodes = [
      Build.node("Add", ["b", "c"], ["y"], name: "last"),
      Build.node("Neg", ["a"], ["b"], name: "second"),
      Build.node("Abs", ["x"], ["a"], name: "first"),
      Build.node("Exp", ["a"], ["c"], name: "third"),
    ]
    let read = try Build.model(Build.graph(nodes)).read().graph.nodes
    #expect(read.map(\.name) == ["first", "second", "third", "last"])
  }

  @Test func keepsTheOrderOfAFileThatIsInOrder() throws {
    let nodes = (0..<50).map { Build.node("Neg", [$0 < 3 ? "x" : "v\($0 / 2)"], ["v\($0)"]) }
    let read = try Build.model(Build.graph(nodes, outputs: ["v49"])).read().graph.nodes
    #expect(read.map(\.outputs) == nodes.map(\.output))
  }

  @Test func walksLongChainsWithoutRecursion() throws {
    let count = 50_000
    let nodes = (0..<count).reversed().map {
      Build.node("Neg", [$0 == 0 ? "x" : "v\($0 - 1)"], ["v\($0)"])
    }
    let read = try Build.model(Build.graph(nodes, outputs: ["v\(count - 1)"])).read().graph.nodes
    #expect(read.first?.inputs == ["x"] && read.count == count)
  }

  @Test func waitsForWhatBranchesTakeFromOutside() throws {
    let branch = Build.branch("body", [Build.node("Neg", ["late"], ["n"])], outputs: ["n"])
    let nodes = [
      Build.node("Loop", ["x"], ["y"], name: "loop", branch),
      Build.node("Abs", ["x"], ["late"], name: "abs"),
    ]
    let read = try Build.model(Build.graph(nodes)).read().graph
    #expect(read.nodes.map(\.name) == ["abs", "loop"])
    #expect(try read.nodes[1].graph("body")?.outerNames == ["late"])
  }

  @Test func namesCycles() {
    let nodes = [
      Build.node("Add", ["x", "c"], ["a"], name: "one"),
      Build.node("Neg", ["a"], ["b"], name: "two"),
      Build.node("Abs", ["b"], ["c"], name: "three"),
      Build.node("Add", ["y", "c"], ["y"], name: "self"),
    ]
    #expect(
      problems(nodes) == [
        "node one (Add): it waits for itself: one ← three ← two ← one is a cycle",
        "node self (Add): it waits for itself: self ← self is a cycle",
      ])
  }

  @Test func namesACycleThroughABranch() {
    let branch = Build.branch("body", [Build.node("Neg", ["y"], ["n"])], outputs: ["n"])
    #expect(
      problems([Build.node("Loop", ["x"], ["y"], name: "loop", branch)])
        == ["node loop (Loop): it waits for itself: loop ← loop is a cycle"])
  }

  @Test func wantsAnOriginOfEveryValue() {
    let nodes = [
      Build.node("Add", ["x", "gone"], ["a"], name: "add"), Build.node("Neg", [""], ["b"]),
    ]
    #expect(
      problems(nodes) == [
        "node add (Add): nothing gives its input gone", "nothing gives the output y",
      ])
    #expect(
      problems([Build.node("Neg", ["x"], ["y"])], outputs: ["y", ""])
        == ["nothing gives the output \"\""])
  }

  @Test func wantsOneOriginOfEveryValue() {
    var graph = Build.graph(
      [
        Build.node("Neg", ["x"], ["y", "", ""], name: "one"),
        Build.node("Abs", ["x"], ["y"], name: "two"),
        Build.node("Exp", ["x"], ["e", "e"], name: "three"),
        Build.node("Log", ["x"], ["x"], name: "four"),
        Build.node("Log", ["x"], ["w"], name: "five"),
      ],
      initializers: [
        Build.tensor("w", [1], .int8, raw: [1]), Build.tensor("w", [1], .int8, raw: [2]),
      ], inputs: ["x", "x"], outputs: ["y", "y"])
    graph.initializer.append(Build.tensor("", [0], raw: []))
    #expect(
      Build.model(graph).problems() == [
        "two inputs are called x", "two initializers are called w",
        "an input or initializer has no name",
        "node two (Abs): its output y is given by node one (Neg) too",
        "node three (Exp): its output e is given by another of its outputs too",
        "node four (Log): its output x is given by an input or initializer too",
        "node five (Log): its output w is given by an input or initializer too",
        "two outputs are called y",
      ])
  }

  @Test func wantsOutputs() {
    #expect(
      problems([Build.node("Neg", ["x"], ["y"])], outputs: []) == ["the graph has no outputs"])
  }

  @Test func looksFromInsideOut() throws {
    let deep = Build.branch(
      "deep", [Build.node("Add", ["x", "a"], ["b"]), Build.node("Neg", ["inner"], ["x2"])],
      outputs: ["b", "weight"])
    let body = Build.branch(
      "body", [Build.node("If", ["x"], ["inner"], deep)], inputs: ["a"], outputs: ["inner"])
    // It takes its own node's output: a cycle, unless the inner value goes before.
    let graph = Build.graph(
      [Build.node("Abs", ["x"], ["a"]), Build.node("Loop", ["a"], ["y"], body)],
      initializers: [Build.tensor("weight", [1], .int8, raw: [1])])
    #expect(
      Build.model(graph).problems().allSatisfy { $0.contains("inner ← inner is a cycle") })

    let fine = Build.branch(
      "deep", [Build.node("Add", ["x", "a"], ["b"])], outputs: ["b", "weight"])
    let around = Build.branch(
      "body", [Build.node("If", ["x"], ["inner"], fine)], inputs: ["a"], outputs: ["inner"])
    let read = try Build.model(
      Build.graph(
        [Build.node("Abs", ["x"], ["a"]), Build.node("Loop", ["a"], ["y"], around)],
        initializers: [Build.tensor("weight", [1], .int8, raw: [1])])
    ).read().graph
    let loop = try #require(try read.nodes[1].graph("body"))
    #expect(loop.outerNames == ["x", "weight"], "its own a goes before the outer one")
    #expect(try loop.nodes[0].graph("deep")?.outerNames == ["x", "a", "weight"])
  }

  @Test func namesTheGraphWithinANode() {
    var branch = Build.branch("body", [], inputs: ["i"], outputs: ["gone"])
    branch.g?.initializer = [Build.tensor("i", [1], .int8, raw: [1])]
    #expect(
      problems([Build.node("Loop", ["x"], ["y"], branch)]) == [
        "nothing gives the output gone of the graph test",
        "an input and an initializer of a graph within a node are called i",
      ])
  }

  @Test func takesHintsThatItDoesNotUnderstandForNone() throws {
    var graph = Build.graph([Build.node("Neg", ["x"], ["y"])])
    graph.valueInfo = [
      Onnx.ValueInfoProto(
        name: "later", type: Onnx.TypeProto(value: .tensorType(.init(elemType: 99)))),
      Build.value("known"),
    ]
    #expect(try Build.model(graph).read().graph.valueInfos.map(\.name) == ["known"])
    graph.input += graph.valueInfo
    #expect(
      Build.model(graph).problems()
        == ["the value later: its elements are of the type 99, which is not known here"])
  }

  @Test func branchesDoNotSeeEachOther() {
    let one = Build.branch("then_branch", [Build.node("Neg", ["x"], ["n"])], outputs: ["n"])
    let two = Build.branch("else_branch", [Build.node("Abs", ["n"], ["m"])], outputs: ["m"])
    #expect(
      problems([Build.node("If", ["x"], ["y"], one, two)])
        == ["node m (Abs): nothing gives its input n"])
  }

  @Test(arguments: [(16, true), (17, false)])
  func boundsDepth(depth: Int, isRead: Bool) {
    var node = Build.node("Neg", ["x"], ["n"])
    for _ in 0..<depth {
      node = Build.node("If", ["x"], ["n"], Build.branch("b", [node], outputs: ["n"]))
    }
    node.output = ["y"]
    let problems = problems([node])
    #expect(problems.isEmpty == isRead)
    #expect(isRead || problems[0].contains("graphs stand in each other more than 16 deep"))
  }

  @Test func boundsNodes() {
    let node = Build.node("Neg", [], [])
    var nodes = [Build.node("Neg", ["x"], ["y"])]
    nodes += Array(repeating: node, count: ONNXModel.Limit.nodes - 1)
    // More than one decode may hold, so written piece by piece.
    func problems(_ nodes: [Onnx.NodeProto]) -> [String] {
      var graph = Build.graph([]).encoded()
      for node in nodes {
        let bytes = node.encoded()
        graph += [0x0A, UInt8(bytes.count)] + bytes
      }
      var model = Build.identity.with { $0.graph = nil }.encoded() + [0x3A]
      var length = graph.count
      while length >= 0x80 {
        model.append(UInt8(length & 0x7F) | 0x80)
        length >>= 7
      }
      model.append(UInt8(length))
      do throws(ONNXError) {
        _ = try ONNXModel(MappedFile(contents: model + graph, name: "f"))
        return []
      } catch { return error.problems.map(\.description) }
    }
    #expect(problems(nodes) == [])
    #expect(problems(nodes + [node]) == ["there are more than 131072 nodes"])
  }

  @Test func refusesSparseInitializers() {
    var graph = Build.graph([Build.node("Neg", ["x"], ["y"])])
    graph.sparseInitializer = [Onnx.SparseTensorProto()]
    #expect(Build.model(graph).problems() == ["the graph has sparse initializers"])
  }

  @Test func wantsAnOperatorOfEveryNode() {
    #expect(
      problems([Build.node("", ["x"], ["y"])]) == ["node 1 (y) has no operator"])
  }
}
