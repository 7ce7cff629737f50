import Inference
import Models
import TestSupport
import Testing

@testable import Serving

struct GraphAnswersTests {
  private typealias Port = GraphSignature.Port

  private func answers(
    _ outputs: [Port], traits: GraphTraits? = nil, labels: [String]? = nil,
    task: GraphSettings.Task? = nil, pooling: GraphAnswers.Pooling = .none, pictures: Bool = false
  ) throws -> GraphAnswers {
    let empty = GraphTraits(
      ONNXGraph(name: "", nodes: [], initializers: [], inputs: [], outputs: []))
    var settings = GraphSettings()
    settings.labels = labels.map { .list($0) }
    return try GraphAnswers(
      GraphSignature(inputs: [], outputs: outputs), traits ?? empty,
      GraphFiles(version: "/nowhere", model: "/nowhere", settings), task: task, pooling: pooling,
      takesPictures: pictures)
  }

  private func port(_ name: String, _ shape: [ONNXDimension]?, _ type: ONNXElementType = .float)
    -> Port
  { Port(name, type, shape) }

  private let three: [ONNXDimension] = [.unknown, .fixed(3)]

  @Test func kindsFollowFromWhatIsThere() throws {
    #expect(try answers([port("variable", three)]).kind == .values(output: 0))
    #expect(try answers([port("a", three), port("b", three)]).kind == .tensors)
    #expect(try answers([port("y", [.unknown, .fixed(3), .fixed(9)])]).kind == .tensors)
    let scores = GraphAnswers.Kind.classification(scores: 0, label: nil, .softmax)
    #expect(try answers([port("y", three)], pictures: true).kind == scores)
    #expect(
      try answers([port("y", three + [.fixed(1), .fixed(1)])], pictures: true).kind == scores)
    #expect(try answers([port("y", three)], labels: ["a", "b", "c"]).kind == scores)
    #expect(try answers([port("logits", three)]).kind == scores)
    #expect(
      try answers([port("image_embeds", three)], pictures: true).kind
        == .embedding(output: 0, .none))
    let tokens = port("last_hidden_state", [.unknown, .unknown, .fixed(3)])
    #expect(try answers([tokens], pooling: .mean).kind == .embedding(output: 0, .mean))
    #expect(
      try answers([tokens, port("sentence_embedding", three)], pooling: .mean).kind
        == .embedding(output: 1, .none))
    #expect(try answers([port("y", three)], task: .tensors, pictures: true).kind == .tensors)
    #expect(
      try answers([port("y", three)], task: .values, pictures: true).kind == .values(output: 0))
  }

  @Test func oneNumberForARowIsARegression() throws {
    #expect(try answers([port("variable", [.unknown, .fixed(1)])]).isRegression)
    #expect(try answers([port("variable", [.unknown])]).isRegression)
    #expect(try !answers([port("variable", three)]).isRegression)
    #expect(try answers([port("variable", three)], task: .regression).isRegression)
    #expect(try !answers([port("y", three)], labels: ["a", "b", "c"]).isRegression)
  }

  @Test func labelsAreAsManyAsScores() throws {
    #expect(try answers([port("y", three)], pictures: true).labels == ["0", "1", "2"])
    let error = #expect(throws: ConfigurationError.self) {
      try answers([port("y", three)], labels: ["a", "b"], pictures: true)
    }
    #expect(error?.reason == "there are 2 labels; the model gives 3 scores")
    #expect(throws: ConfigurationError.self) {
      try answers([port("a", nil, .string)], labels: ["a", "b"])
    }
    #expect(throws: ConfigurationError.self) {
      try answers([port("y", [.unknown, .fixed(3), .fixed(9)])], task: .classification)
    }
  }

  @Test func scoresBecomeShares() {
    let shares = GraphAnswers.activated([1000, 1000, -1000], .softmax)
    #expect(shares == [0.5, 0.5, 0])
    #expect(GraphAnswers.activated([0], .sigmoid) == [0.5])
    #expect(GraphAnswers.activated([3], .none) == [3])
  }

  @Test func labelsOfAFile() throws {
    func lines(_ text: String) throws -> [String] { try GraphFiles.lines(Array(text.utf8), "f") }
    #expect(try lines("a\r\nb c\n\nd\n\n") == ["a", "b c", "", "d"])
    #expect(throws: ConfigurationError.self) { try lines("\n") }
    #expect(throws: ConfigurationError.self) { try lines(String(repeating: "a", count: 2000)) }
    #expect(throws: ConfigurationError.self) { try GraphFiles.lines([0xff], "f") }
  }

  @Test func configNamesLabels() throws {
    let folder = try TemporaryFolder()
    func labels(_ json: String) throws -> [String]? {
      try folder.write("config.json", json)
      return try GraphFiles(version: folder.path, model: folder.path, GraphSettings()).labels
    }
    #expect(try labels(#"{"id2label": {"1": "b", "0": "a"}}"#) == ["a", "b"])
    #expect(try labels(#"{"id2label": null}"#) == nil)
    #expect(try labels("{}") == nil)
    #expect(throws: ConfigurationError.self) { try labels(#"{"id2label": {"1": "b"}}"#) }
    #expect(throws: ConfigurationError.self) { try labels(#"{"id2label": {"0": 1}}"#) }
    #expect(throws: ConfigurationError.self) { try labels("{") }
  }
}
