internal import Compute
internal import Models

/// The parts of a graph that are quantized in QDQ form: between each DequantizeLinear and
/// QuantizeLinear stands one operator, which computes from bytes to bytes then.
///
///     QuantizeLinear → (DequantizeLinear → Conv → Relu → QuantizeLinear → …) → DequantizeLinear
///
/// Bytes are images, channels last, from the first such operator to the last; rows of sequences are
/// their pixels. Signed bytes are the same with 128 added.
struct QuantizedNetwork: GraphFusion {
  let options: FusionOptions
  var sketch: GraphSketch
  /// As it was before anything was replaced.
  var before: GraphSketch
  /// Values that may flow as bytes: what QuantizeLinear gives and only DequantizeLinear reads.
  var scales: [String: ByteScale] = [:]
  /// What becomes of them, by name; made into operators once all are known.
  var drafts: [String: ByteDraft] = [:]
  /// The steps of the graph as it was that read what a value of bytes stands for, by its name; -1
  /// for the answer.
  var users: [String: Set<Int>] = [:]
  /// What stands around images, by name of value.
  var borders: [String: ImageBorder] = [:]

  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    var network = QuantizedNetwork(options: options, sketch: sketch, before: sketch)
    network.findBytes()
    network.draft()
    guard !network.drafts.isEmpty else { return }
    network.build()
    sketch = network.sketch
  }

  private mutating func findBytes() {
    for case let step? in sketch.steps where step.operation is QuantizeLinear {
      let name = step.writes[0]
      guard let scale = sketch.byteScale(step), !sketch.isOutput(name),
        let rank = sketch.facts[name]?.shape?.count, (2...4).contains(rank)
      else { continue }
      let isDequantized = sketch.readers(of: name).allSatisfy { index in
        guard let reader = sketch.steps[index], reader.operation is DequantizeLinear else {
          return false
        }
        return reader.reads[0] == name && sketch.byteScale(reader) == scale
      }
      if isDequantized { scales[name] = scale }
    }
  }

  private mutating func draft() {
    for index in sketch.steps.indices {
      guard let step = sketch.steps[index], step.operation is QuantizeLinear,
        let scale = scales[step.writes[0]], let draft = draft(step, index, scale)
      else { continue }
      drafts[step.writes[0]] = draft
    }
  }

  /// The byte value behind a float, where that comes of one.
  func bytes(_ name: String) -> String? {
    guard let index = sketch.producer(of: name), let step = sketch.steps[index],
      step.operation is DequantizeLinear, scales[step.reads[0]] != nil
    else { return nil }
    return step.reads[0]
  }
}

extension GraphSketch {
  /// The scale of a QuantizeLinear or DequantizeLinear of whole tensors of bytes.
  func byteScale(_ step: Step) -> ByteScale? {
    guard step.reads.count >= 2, let scales = constant(step.reads[1]), scales.count == 1,
      scales.elementType == .float
    else { return nil }
    let scale = scales.values(Float.self)[0]
    guard scale.isFinite, scale > 0 else { return nil }
    var zero = 0
    var type = ONNXElementType.uint8
    if step.reads.count > 2, !step.reads[2].isEmpty {
      guard let tensor = constant(step.reads[2]), tensor.count == 1,
        let value = try? tensor.ints().first
      else { return nil }
      zero = value
      type = tensor.elementType
    } else if let known = facts[step.operation is QuantizeLinear ? step.writes[0] : step.reads[0]]?
      .type
    {
      type = known
    }
    switch type {
    case .uint8: return ByteScale(scale: scale, zero: UInt8(clamping: zero))
    case .int8: return ByteScale(scale: scale, zero: UInt8(clamping: zero + 128))
    default: return nil
    }
  }
}
