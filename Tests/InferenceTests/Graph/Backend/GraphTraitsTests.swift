import Inference
import Models
import Testing

struct GraphTraitsTests {
  private func node(
    _ operation: String, _ input: String, _ output: String,
    _ attributes: [String: ONNXAttribute] = [:]
  ) -> ONNXNode {
    ONNXNode(
      name: "", operation: operation, version: 17, inputs: [input], outputs: [output],
      attributes: attributes)
  }

  private func traits(
    _ nodes: [ONNXNode], _ initializers: [ONNXTensor] = [], outputs: String...
  ) -> GraphTraits {
    GraphTraits(
      ONNXGraph(
        name: "", nodes: nodes, initializers: initializers, inputs: [],
        outputs: outputs.map { ONNXValueInfo(name: $0, type: nil) }))
  }

  @Test func probabilitiesAreFoundBehindWhatChangesNothing() {
    let nodes = [
      node("MatMul", "x", "logits"), node("Softmax", "logits", "p"),
      node("QuantizeLinear", "p", "q"), node("DequantizeLinear", "q", "r"),
      node("Flatten", "r", "shares"), node("Reshape", "logits", "raw"),
      node("LogSoftmax", "logits", "logs"),
    ]
    let found = traits(nodes, outputs: "shares", "raw", "logs").probabilities
    #expect(found == ["shares"])
  }

  @Test func aCycleOfNamesEnds() {
    #expect(traits([node("Identity", "y", "y")], outputs: "y").probabilities.isEmpty)
  }

  @Test func classesStandInAttributesOrInAConstant() {
    let texts = ONNXAttribute.strings([Array("no".utf8), Array("yes".utf8)])
    let linear = node("LinearClassifier", "x", "label", ["classlabels_strings": texts])
    #expect(traits([linear], outputs: "label").classes == ["no", "yes"])
    let numbers = node("ZipMap", "p", "maps", ["classlabels_int64s": .ints([3, 5])])
    #expect(traits([numbers], outputs: "maps").classes == ["3", "5"])
    let constant = ONNXTensor(
      name: "classes", shape: [2], strings: [Array("a".utf8), Array("b".utf8)])
    let picks = node("ArrayFeatureExtractor", "classes", "label")
    #expect(traits([picks], [constant], outputs: "label").classes == ["a", "b"])
    #expect(traits([node("Softmax", "x", "y")], outputs: "y").classes.isEmpty)
  }

  @Test func whatIsMissingIsFilledInBySome() {
    #expect(traits([node("Imputer", "x", "y")], outputs: "y").takesMissing)
    let tracks = ["nodes_missing_value_tracks_true": ONNXAttribute.ints([0, 1])]
    #expect(traits([node("TreeEnsembleRegressor", "x", "y", tracks)], outputs: "y").takesMissing)
    let none = ["nodes_missing_value_tracks_true": ONNXAttribute.ints([0, 0])]
    #expect(!traits([node("TreeEnsembleRegressor", "x", "y", none)], outputs: "y").takesMissing)
  }

  @Test func mostWeightsTellTheType() {
    let bytes = ONNXTensor(
      name: "w", elementType: .int8, shape: [4], bytes: [UInt8](repeating: 1, count: 4))
    let scale = ONNXTensor(name: "s", elementType: .float, shape: [], bytes: [0, 0, 0, 0])
    let axes = ONNXTensor(
      name: "a", elementType: .int64, shape: [9], bytes: [UInt8](repeating: 0, count: 72))
    let found = traits([], [bytes, scale, axes])
    #expect(found.weightType == "int8" && found.parameters == 5 && found.constantBytes == 80)
    #expect(traits([]).weightType == "f32")
  }
}
