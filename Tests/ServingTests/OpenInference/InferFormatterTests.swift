import Messages
import Testing

@testable import Serving

@Suite struct InferFormatterTests {
  private func answer(_ kinds: [ApusV1.Prediction.Kind]) -> ApusV1.PredictResponse {
    ApusV1.PredictResponse(
      predictions: kinds.map { ApusV1.Prediction(kind: $0) }, model: "m", version: "3",
      requestID: "made")
  }

  private func labels(_ names: [String]) -> ApusV1.Prediction.Kind {
    .classification(
      ApusV1.Classification(
        labels: names.enumerated().map { ApusV1.Label(label: $1, score: 1 / Float($0 + 1)) }))
  }

  private func response(
    _ kinds: [ApusV1.Prediction.Kind], outputs: [String] = [], raw: Bool = false,
    _ change: (inout ApusV1.PredictResponse) -> Void = { _ in }
  ) throws -> OpenInference.ModelInferResponse {
    var answer = answer(kinds)
    change(&answer)
    let request = OpenInference.ModelInferRequest(
      id: "mine", outputs: outputs.map { .init(name: $0) }, rawInputContents: raw ? [[]] : [])
    return try InferFormatter.response(answer, to: request)
  }

  @Test func embeddingsAreOneTensor() throws {
    let kinds = [[1, 2], [3, 4]].map {
      ApusV1.Prediction.Kind.embedding(ApusV1.Embedding(values: $0))
    }
    let typed = try response(kinds)
    #expect(typed.modelName == "m" && typed.modelVersion == "3" && typed.id == "mine")
    #expect(typed.parameters.isEmpty && typed.rawOutputContents.isEmpty)
    #expect(
      typed.outputs == [
        .init(
          name: "embedding", datatype: "FP32", shape: [2, 2],
          contents: .init(fp32Contents: [1, 2, 3, 4]))
      ])
    let raw = try response(kinds, raw: true)
    #expect(raw.outputs == [.init(name: "embedding", datatype: "FP32", shape: [2, 2])])
    #expect(raw.rawOutputContents == [RawContents.bytes([1, 2, 3, 4])])
  }

  @Test func labelsAreThreeTensors() throws {
    let kinds = [labels(["a", "b"]), labels(["b", "a"])]
    let all = try response(kinds)
    #expect(all.outputs.map(\.name) == ["label", "labels", "scores"])
    #expect(all.outputs.map(\.shape) == [[2], [2, 2], [2, 2]])
    #expect(all.outputs[0].contents?.bytesContents == ["a", "b"].map { Array($0.utf8) })
    #expect(all.outputs[1].contents?.bytesContents == ["a", "b", "b", "a"].map { Array($0.utf8) })
    #expect(all.outputs[2].contents?.fp32Contents == [1, 0.5, 1, 0.5])
    let some = try response(kinds, outputs: ["scores", "label"], raw: true)
    #expect(some.outputs.map(\.name) == ["scores", "label"])
    #expect(some.outputs.map(\.datatype) == ["FP32", "BYTES"])
    #expect(
      some.rawOutputContents
        == [RawContents.bytes([1, 0.5, 1, 0.5]), RawContents.bytes(["a", "b"])])
  }

  @Test func valuesAndTextsAreTensors() throws {
    let values = try response([.values(ApusV1.Values(values: [7]))])
    #expect(values.outputs.map(\.name) == ["values"] && values.outputs[0].shape == [1, 1])
    let text = try response([.text("as an operator wrote it")])
    #expect(text.outputs.map(\.name) == ["text"] && text.outputs[0].shape == [1])
  }

  @Test func whatIsToBeKnownOfTheAnswerIsInItsParameters() throws {
    let told = try response([.values(ApusV1.Values(values: [7]))]) { answer in
      answer.cached = true
      answer.fallback = ApusV1.Fallback(
        kind: .previousVersion, model: "m", version: "4", reason: "it is not loaded")
    }
    #expect(told.parameters["cached"]?.parameterChoice == .boolParam(true))
    #expect(told.parameters["fallback"]?.parameterChoice == .stringParam("previous_version"))
    #expect(
      told.parameters["fallback_reason"]?.parameterChoice == .stringParam("it is not loaded"))
  }

  @Test func whatStandsInAndHasNoSuchOutputSaysSo() {
    #expect { try response([labels(["a"])], outputs: ["embedding"]) } throws: { error in
      (error as? Status)?.message == "what stands in for model m gives no output `embedding`"
    }
  }

  @Test func predictionsOfDifferentShapesAreNoTensor() {
    let mixed: [[ApusV1.Prediction.Kind]] = [
      [labels(["a"]), labels(["a", "b"])], [labels(["a"]), .text("a")],
      [.values(ApusV1.Values(values: [1])), .values(ApusV1.Values(values: []))], [],
    ]
    for kinds in mixed {
      #expect { try response(kinds) } throws: { ($0 as? Status)?.code == .internal }
    }
  }
}
