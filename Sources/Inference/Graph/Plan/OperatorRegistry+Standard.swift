extension OperatorRegistry {
  /// All operators that there are. Those of one file stand in its list of entries.
  package static let standard = OperatorRegistry(
    elements + shapes + rows + products + more + quantized + learning + graphs)

  private static let elements: [OperatorEntry] =
    MathFunctions.entries + GraphActivations.entries + NumberFunction.entries
    + Arithmetic.entries + Pow.entries + PRelu.entries + Comparison.entries + Logic.entries
    + Not.entries + FloatTest.entries + Clip.entries + Where.entries + Cast.entries

  private static let shapes: [OperatorEntry] =
    Identity.entries + Dropout.entries + Constant.entries + ConstantOfShape.entries
    + Reshape.entries + Flatten.entries + Squeeze.entries + Unsqueeze.entries + Transpose.entries
    + Shape.entries + Size.entries + Concat.entries + Split.entries + Slice.entries
    + Expand.entries + Tile.entries + Gather.entries + GatherElements.entries + GatherND.entries
    + ScatterElements.entries + ScatterND.entries + Pad.entries

  private static let rows: [OperatorEntry] =
    Reduce.entries + ArgMax.entries + Softmax.entries + LayerNormalization.entries
    + BatchNormalization.entries + GroupNormalization.entries + LpNormalization.entries
    + MeanVarianceNormalization.entries + LRN.entries

  private static let products: [OperatorEntry] =
    MatMul.entries + Gemm.entries + Conv.entries + ConvTranspose.entries + Pool.entries
    + GlobalPool.entries

  private static let more: [OperatorEntry] =
    NumberRange.entries + CumSum.entries + Trilu.entries + EyeLike.entries + DepthToSpace.entries
    + OneHot.entries + TopK.entries + NonZero.entries + Compress.entries + ReverseSequence.entries

  private static let quantized: [OperatorEntry] =
    QuantizeLinear.entries + DequantizeLinear.entries + DynamicQuantizeLinear.entries
    + IntegerProducts.entries + QuantizedElements.entries + QuantizedConcat.entries
    + QuantizedGemm.entries

  private static let learning: [OperatorEntry] =
    LinearModel.entries + TreeRegressor.entries + TreeClassifier.entries + SVMRegressor.entries
    + SVMClassifier.entries + Scaler.entries + Normalizer.entries + Imputer.entries
    + Binarizer.entries + FeatureVectorizer.entries + ArrayFeatureExtractor.entries
    + LabelEncoder.entries + OneHotEncoder.entries + DictVectorizer.entries + ZipMap.entries

  private static let graphs: [OperatorEntry] =
    If.entries + Loop.entries + Scan.entries + SequenceOperator.entries
    + ConcatFromSequence.entries + SplitToSequence.entries + OptionalOperator.entries
    + LikelihoodLoss.entries + Attention.entries + Einsum.entries + Resize.entries
}
