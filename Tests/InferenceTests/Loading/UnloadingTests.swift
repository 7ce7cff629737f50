import Compute
import Models
import TestSupport
import Testing

@testable import Inference

/// What a model held goes back to the system with it, whoever was loaded beside it meanwhile.
@Suite struct UnloadingTests {
  @Test func aLanguageModelLeavesNothing() throws {
    let path = "\(Fixture.package)/tools/models/storyteller/1/model.gguf"
    let processor = try Processor(threads: 1)
    let neighbours = SlabArena()
    var kept: [LlamaBackend] = []
    for _ in 0..<5 {
      let arena = SlabArena()
      var backend: LlamaBackend? = try LlamaBackend(
        LlamaModel(path: path), processor: processor, arena: arena)
      kept.append(
        try LlamaBackend(LlamaModel(path: path), processor: processor, arena: neighbours))
      #expect(try arena.mappedBytes >= #require(backend).weights.byteCount)
      backend = nil
      #expect(arena.mappedBytes == 0)
    }
    #expect(neighbours.mappedBytes >= kept.reduce(0) { $0 + $1.weights.byteCount })
  }

  @Test func anEncoderLeavesNothing() throws {
    guard let folder = SharedData.minilm() else { return }
    let (arena, processor) = (SlabArena(), try Processor(threads: 1))
    for _ in 0..<2 {
      var backend: EncoderBackend? = try EncoderBackend(
        EncoderModel(folder: folder), processor: processor, arena: arena)
      // All matrices and tables, the word embedding too.
      #expect(arena.mappedBytes >= 22_000_000)
      _ = try backend?.compute([[101, 102]])
      backend = nil
      #expect(arena.mappedBytes == 0)
    }
  }
}
