import Bytes
import Compute
import Models
import TestSupport
import Testing

@testable import Inference

/// Weights that are infinite or NaN are refused with the tensor's name, wherever they stand.
@Suite struct FiniteWeightsTests {
  /// 3 rows of 32 values with one that is strange, in the bytes of each type that weights have.
  static let strange: [(type: Tensor.ElementType, bytes: [UInt8])] = [
    (.f32, [0, 0, 0xc0, 0x7f]), (.f32, [0, 0, 0x80, 0xff]), (.f16, [0, 0x7e]), (.f16, [0, 0xfc]),
    (.bf16, [0xc0, 0x7f]), (.bf16, [0x80, 0xff]), (.q8_0, [0, 0x7e]), (.q8_0, [0, 0x7c]),
  ]

  private func tensor(
    _ type: Tensor.ElementType, _ strange: [UInt8], at block: Int?
  ) throws -> Tensor {
    let count = try #require(Tensor.byteCount(shape: [3, 32], type: type))
    var bytes = [UInt8](repeating: 0, count: count)
    if let block {
      bytes.replaceSubrange(
        block * type.blockSize..<block * type.blockSize + strange.count, with: strange)
    }
    let file = MappedFile(contents: bytes, name: "weights")
    return Tensor(name: "some.weight", shape: [3, 32], type: type, region: file.region)
  }

  /// All ways that weights take into memory.
  enum Use: CaseIterable { case packed, quantized, copied, compressed, vector }

  private func take(_ tensors: [Tensor], _ use: Use, _ processor: Processor) throws {
    let arena = SlabArena()
    switch use {
    case .packed: _ = try PackedMatrix.packing(tensors, in: arena)
    case .quantized: _ = try PackedMatrix.packing(tensors, kind: .int8PerOutput, in: arena)
    case .copied: _ = try EmbeddingTable(copying: tensors[0], in: arena)
    case .compressed: _ = try EmbeddingTable(compressing: tensors[0], processor, in: arena)
    case .vector: _ = try tensors[0].vector()
    }
  }

  private func expectRefusal(_ tensors: [Tensor], _ use: Use, _ processor: Processor) {
    let error = #expect(throws: InferenceError.self) { try take(tensors, use, processor) }
    #expect(error?.code == .invalidModel)
    #expect(error?.message == "tensor some.weight: there is a value that is no finite number")
  }

  @Test(arguments: strange.indices, Use.allCases)
  func areRefusedByName(index: Int, use: Use) throws {
    let (type, bytes) = Self.strange[index]
    let processor = try Processor(threads: 1)
    try take([tensor(type, bytes, at: nil)], use, processor)
    for block in [0, 1, 96 / type.blockLength - 1] {
      expectRefusal([try tensor(type, bytes, at: block)], use, processor)
    }
  }

  /// Of several tensors in one matrix the one at fault is named.
  @Test func theOneAtFaultIsNamed() throws {
    let good = try tensor(.f32, [], at: nil)
    let other = Tensor(name: "other", shape: [3, 32], type: .f32, region: good.region)
    let bad = try tensor(.f32, [0, 0, 0xc0, 0x7f], at: 40)
    expectRefusal([other, bad, other], .packed, try Processor(threads: 1))
  }

  /// A whole model, damaged in one tensor after the other.
  @Test func aDamagedModelIsNotLoaded() throws {
    let path = "\(Fixture.package)/tools/models/storyteller/1/model.gguf"
    let whole = try #require(TemporaryFolder.contents(path))
    let model = try LlamaModel(path: path)
    let layer = try #require(model.layers.last)
    let processor = try Processor(threads: 1)
    for tensor in [model.embedding, layer.attentionNorm, layer.value, layer.down, model.outputNorm]
    {
      var damaged = whole
      let bytes: [UInt8] = tensor.type == .f32 ? [0, 0, 0x80, 0x7f] : [0, 0x7e]
      let start = tensor.region.range.lowerBound
      damaged.replaceSubrange(start..<start + bytes.count, with: bytes)
      let file = MappedFile(contents: damaged, name: "damaged.gguf")
      let broken = try LlamaModel(GGUFFile(file))
      let error = #expect(throws: InferenceError.self) {
        try LlamaBackend(broken, processor: processor)
      }
      #expect(error?.message.contains("tensor \(tensor.name): there is a value") == true)
    }
  }
}
