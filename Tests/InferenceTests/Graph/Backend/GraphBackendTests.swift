import Compute
import Models
import TestSupport
import Testing

@testable import Inference

struct GraphBackendTests {
  private func backend(
    _ name: String, _ options: GraphOptions = GraphOptions()
  ) throws -> GraphBackend {
    try GraphBackend(
      path: "\(Fixture.package)/Tests/Fixtures/onnx-sklearn/\(name)/model.onnx", options: options,
      processor: Processor(threads: 1))
  }

  private func row(_ values: [Float], for backend: GraphBackend) throws -> GraphBackend.Input {
    GraphBackend.Input([
      try GraphTensor.filled(.float, [1, 5], of: Float.self, backend.inputBudget) { span in
        for index in span.indices { span[index] = values[index] }
      }
    ])
  }

  @Test func answersEachInstance() throws {
    let backend = try backend("LogisticRegression__names")
    try backend.warmUp()
    let values: [[Float]] = [[0.1, -1, 2, 0.3, 0.5], [1, 2, 3, 4, 5]]
    let rows = try values.map { try row($0, for: backend) }
    let answers = try backend.compute(rows)
    #expect(answers.count == 2 && backend.cost(of: rows[0]) == 1)
    for answer in answers {
      guard case .tensor(let label) = answer[0], case .tensor(let scores) = answer[1] else {
        Issue.record("no tensors")
        continue
      }
      #expect(label.shape == [1] && scores.shape == [1, 3])
    }
  }

  @Test func whatWaitsAndWhatIsComputedGoesBack() throws {
    let backend = try backend("Ridge_")
    do {
      let input = try row([1, 2, 3, 4, 5], for: backend)
      #expect(backend.inputBudget.used == 20 + GraphTensor.overhead)
      _ = try backend.compute([input])
    }
    #expect(backend.inputBudget.used == 0)
  }

  @Test func tooMuchIsNamed() throws {
    var options = GraphOptions()
    options.valueBytes = 64
    let backend = try backend("PolynomialFeatures_", options)
    let budget = MemoryBudget()
    var input = GraphBackend.Input([try GraphTensor(.float, [1, 5], budget)])
    input.title = "instances[3]"
    let error = #expect(throws: InferenceError.self) { try backend.compute([input]) }
    #expect(error?.code == .tooLarge && error?.message.hasPrefix("instances[3]: node ") == true)
    #expect(
      error?.message.hasSuffix(
        "(graph_memory in model.yaml); send a shorter input, or set a higher limit") == true)
  }

  @Test func wrongTensorsAreTheCallers() throws {
    let backend = try backend("Ridge_")
    let input = GraphBackend.Input([try GraphTensor(.float, [1, 4], backend.inputBudget)])
    let error = #expect(throws: InferenceError.self) { try backend.compute([input]) }
    #expect(error?.code == .invalidInput)
  }

  @Test func allProblemsOfAFileAreTold() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.onnx", "no model")
    #expect(throws: ONNXError.self) {
      try GraphBackend(path: folder.file("model.onnx"), processor: Processor(threads: 1))
    }
  }
}
