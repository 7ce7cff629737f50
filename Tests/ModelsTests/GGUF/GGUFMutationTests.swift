import Bytes
import Models
import TestSupport
import Testing

/// Thousands of broken files: each loads or is refused with an error; run under AddressSanitizer
/// too, where any read outside of the file ends the run.
struct GGUFMutationTests {
  @Test(arguments: 0..<4)
  func survives(seed: UInt64) {
    let bytes = GGUFBuilder.llama().build()
    // Faults in front of the data are the ones that can mislead.
    let head = bytes.count - 2 * 12 * 8 * 4 * 8
    var generator = SeededGenerator(seed: seed)
    var (accepted, refused) = (0, 0)
    for _ in 0..<2_500 {
      let broken =
        Mutation.mutate(Array(bytes[..<head]), &generator) + bytes[head...]
      do {
        let model = try LlamaModel(GGUFFile(MappedFile(contents: broken, name: "broken.gguf")))
        accepted += 1
        readAll(model)
      } catch {
        refused += 1
        #expect(!error.reason.isEmpty)
      }
    }
    #expect(refused > 1_000)
    #expect(accepted + refused == 2_500)
  }

  private func readAll(_ model: LlamaModel) {
    var sum: Float = 0
    for tensor in [model.embedding, model.output, model.outputNorm] + model.layers.map(\.down) {
      sum += tensor.floats()?.last ?? 0
    }
    for index in 0..<(model.vocabulary?.pieces.count ?? 0) {
      sum += Float(model.vocabulary?.pieces.string(index).utf8.count ?? 0)
    }
    withExtendedLifetime(sum) {}
  }
}
