import Compute
import Models
import TestSupport
import Testing

@testable import Inference

@Suite struct ModelLoaderTests {
  private struct NoBase: Error {}

  @Test func loadsALanguageModelWithProgress() throws {
    guard let path = SharedData.path("models/stories260K-q8_0.gguf") else { return }
    let loader = ModelLoader(processor: try Processor(threads: 1))
    var shares: [Double] = []
    let loaded = try loader.load(
      .llama(path: path), base: { _ in throw NoBase() }, progress: { shares.append($0) })
    guard case .language(let backend, let vocabulary) = loaded else {
      Issue.record("a GGUF file must load as a language model")
      return
    }
    #expect(vocabulary.scores.count == backend.vocabularySize)
    #expect(shares == shares.sorted() && shares.last == 1)
    try loaded.warmUp()
  }

  /// Whoever follows a loading ends it with the next matrix.
  @Test func loadingEndsWhenToldSo() throws {
    guard let path = SharedData.path("models/stories260K-q8_0.gguf"),
      let folder = SharedData.minilm()
    else { return }
    let loader = ModelLoader(processor: try Processor(threads: 1))
    for model in [ModelFolder.llama(path: path), .encoder(folder: folder)] {
      var calls = 0
      let error = #expect(throws: InferenceError.self) {
        try loader.load(
          model, base: { _ in throw NoBase() },
          progress: { _ throws(InferenceError) in
            calls += 1
            if calls == 3 { throw InferenceError(.cancelled, "enough") }
          })
      }
      #expect(error?.code == .cancelled && calls == 3)
    }
  }

  @Test func loadsAnEncoder() throws {
    guard let folder = SharedData.minilm() else { return }
    let loader = ModelLoader(processor: try Processor(threads: 1))
    let loaded = try loader.load(ModelFolder.detect(folder), base: { _ in throw NoBase() })
    guard case .encoder(let backend) = loaded else {
      Issue.record("a BERT folder must load as an encoder")
      return
    }
    // 11.9 M weights in Q8_0 and 10.6 M in int8, 0.2 M in f32, and scratch.
    #expect((23 << 20..<40 << 20).contains(backend.memoryBytes))
    try loaded.warmUp()
  }

  @Test func aMissingFileIsAModelError() throws {
    let loader = ModelLoader(processor: try Processor(threads: 1))
    #expect(throws: ModelError.self) {
      try loader.load(.llama(path: "/nonexistent.gguf"), base: { _ in throw NoBase() })
    }
    #expect(throws: ModelError.self) {
      try loader.load(.encoder(folder: "/nonexistent"), base: { _ in throw NoBase() })
    }
  }
}
