internal import Compute
internal import Models

/// Any function of one byte, by a table: activations, changes of scale.
struct ByteFunction: GraphOperator {
  let processor: Processor
  let table: ByteTable
  let zero: UInt8

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(.uint8, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let input = try inputs.images(0)
    return [
      try context.images(like: input, channels: input.channels, zero: zero) { output in
        processor.map(input, table, into: output)
      }
    ]
  }
}

/// Add or Mul of two values of bytes; the second may have one pixel for each image.
struct BytePair: GraphOperator {
  enum Kind: Sendable { case sum, product }
  let kind: Kind
  let processor: Processor
  let from: (ByteScale, ByteScale)
  let to: ByteTarget

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(.uint8, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (a, b) = (try inputs.images(0), try inputs.images(1))
    let isPixel = (b.height, b.width) == (1, 1)
    guard a.images == b.images, a.channels == b.channels,
      isPixel || (a.height, a.width) == (b.height, b.width)
    else { throw GraphError("its inputs are of different shapes") }
    return [
      try context.images(like: a, channels: a.channels, zero: to.scale.zero) { output in
        switch kind {
        case .sum: processor.add(a, from.0, b, from.1, into: output, to.scale, range: to.range)
        case .product:
          processor.multiply(a, from.0, b, from.1, into: output, to.scale, range: to.range)
        }
      }
    ]
  }
}

/// The channels of several values of bytes (ONNX: Concat along axis 1).
struct ByteConcat: GraphOperator {
  let processor: Processor
  /// Where the scale of an input is not that of the output.
  let tables: [ByteTable?]
  let zero: UInt8

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let parts = try tables.indices.map { (images: try inputs.images($0), table: tables[$0]) }
    let first = parts[0].images
    guard
      parts.allSatisfy({
        ($0.images.height, $0.images.width, $0.images.images)
          == (first.height, first.width, first.images)
      })
    else { throw GraphError("its inputs are of different sizes") }
    let channels = parts.reduce(0) { $0 + $1.images.channels }
    return [
      try context.images(like: first, channels: channels, zero: zero) { output in
        processor.concatenate(parts, into: output)
      }
    ]
  }
}

/// Channels, rows and columns one after the other, as one pixel (ONNX: Flatten).
struct ByteFlatten: GraphOperator {
  let processor: Processor
  /// Where the scale of the input is not that of the output.
  let table: ByteTable?
  let zero: UInt8

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let input = try inputs.images(0)
    let pixels = input.height * input.width
    if pixels == 1, table == nil { return [try inputs.value(0)] }
    return [
      try context.images(
        input.images, height: 1, width: 1, channels: input.channels * pixels, zero: zero
      ) { output in
        processor.flatten(input, into: output)
        if let table { processor.map(output, table, into: output) }
      }
    ]
  }
}

extension GraphContext {
  fileprivate func images(
    like other: ByteImages, channels: Int, zero: UInt8, _ write: (ByteImages) throws -> Void
  ) throws -> GraphValue {
    try images(
      other.images, height: other.height, width: other.width, channels: channels, zero: zero, write)
  }
}
