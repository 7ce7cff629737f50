import Inference
import Models
import Testing

struct GraphSignatureTests {
  private func rows(_ shapes: [ONNXDimension]?...) -> Bool {
    let ports = shapes.map { GraphSignature.Port("x", .float, $0) }
    return GraphSignature(inputs: ports, outputs: []).hasRows
  }

  @Test func rowsAreWhatAFirstDimensionCounts() {
    #expect(rows([.symbolic("N"), .fixed(5)]))
    #expect(rows([.unknown, .fixed(1)], [.symbolic("batch"), .symbolic("length")]))
    #expect(rows([.fixed(1), .fixed(3), .fixed(8), .fixed(8)]))
    #expect(!rows([.fixed(2), .fixed(5)]))
    #expect(!rows([.symbolic("N"), .fixed(5)], [.fixed(4)]))
    #expect(!rows(nil))
    #expect(!rows([]))
    #expect(!rows())
  }

  @Test func oneDimensionIsASeriesUnlessItIsCalledABatch() {
    #expect(!rows([.symbolic("samples")]))
    #expect(!rows([.unknown]))
    #expect(!rows([.fixed(1)]))
    #expect(rows([.symbolic("batch_size")]))
  }
}
