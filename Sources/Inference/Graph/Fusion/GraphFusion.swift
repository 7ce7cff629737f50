package import Compute

/// Finds nodes that are better computed as one and puts a fused operator in their place.
protocol GraphFusion {
  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws
}

/// How a graph is fused.
package struct FusionOptions: Sendable {
  /// What becomes of products and convolutions in fp32.
  package enum Quantization: String, Sendable { case none, dynamic }

  /// Fused operators compute on its threads.
  package let processor: Processor
  package let quantization: Quantization
  /// Where packed weights lie.
  package let arena: SlabArena

  package init(
    processor: Processor, quantization: Quantization = .none, arena: SlabArena = SlabArena()
  ) {
    self.processor = processor
    self.quantization = quantization
    self.arena = arena
  }
}

extension GraphSketch {
  /// All fusions, in the order in which they are tried.
  private static var fusions: [any GraphFusion.Type] {
    [
      QuantizedForms.self, QuantizedNetwork.self, WeightFusion.self, ShapeFusion.self,
      ActivationFusion.self, NormFusion.self, AttentionFusion.self, LinearFusion.self,
      ConvolutionFusion.self, LayoutFusion.self,
    ]
  }

  /// - Parameter check: asked before each; what it throws ends the fusing.
  mutating func fuse(_ options: FusionOptions, while check: () throws -> Void = {}) throws {
    for fusion in Self.fusions {
      try check()
      try fusion.apply(to: &self, options)
      removeUnread()
    }
  }
}
