import Messages
import Testing

@Suite struct RoundTripTests {
  @Test func predictRequestSurvives() throws {
    let request = ApusV1.PredictRequest(
      model: "minilm", version: "latest",
      instances: [
        ApusV1.Instance(kind: .text("hällo\u{0}wörld")),
        ApusV1.Instance(kind: .features(ApusV1.FeatureRow(values: [1, 2, -0.0, 4]))),
        ApusV1.Instance(
          kind: .tensors(
            ApusV1.NamedTensors(tensors: [
              "a": ApusV1.Tensor(dataType: .fp32, shape: [1, 2], floats: [1, 2]),
              "b": ApusV1.Tensor(dataType: .unrecognized(77), byteStrings: [[1, 2], []]),
            ]))),
        ApusV1.Instance(),
      ],
      options: ApusV1.PredictOptions(topK: 0, normalize: false, parameters: ["x": "y"]),
      requestID: "id")
    let bytes = request.encoded()
    #expect(try ApusV1.PredictRequest(bytes) == request)
  }
}
