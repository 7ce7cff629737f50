internal import Messages

/// One output of a ModelInfer: a value, or a row of as many values, for each instance.
struct OutputTensor {
  private enum Elements {
    case floats([Float])
    case texts([String])
    /// Of a graph, row after row.
    case rows([ApusV1.Tensor])
  }

  let name: String
  private let shape: [Int64]
  private let elements: Elements

  private init(_ name: String, _ rows: [[Float]]) {
    self.name = name
    shape = [Int64(rows.count), Int64(rows.first?.count ?? 0)]
    elements = .floats(Array(rows.joined()))
  }

  private init(_ name: String, _ rows: [[String]]) {
    self.name = name
    shape = [Int64(rows.count), Int64(rows.first?.count ?? 0)]
    elements = .texts(Array(rows.joined()))
  }

  /// - Parameter rows: the output's share of each instance, all of one type.
  private init(_ name: String, _ rows: [ApusV1.Tensor]) throws(Status) {
    self.name = name
    let first = rows.first ?? ApusV1.Tensor()
    elements = .rows(rows)
    if rows.count == 1 {
      shape = first.shape
      return
    }
    guard let size = first.shape.first,
      rows.allSatisfy({ $0.shape.dropFirst() == first.shape.dropFirst() && $0.shape.first == size })
    else {
      throw Status(
        .invalidArgument,
        "inputs: the output `\(Validation.shown(name))` is not as large for each instance, or has "
          + "no dimension that counts them; send one instance at a time")
    }
    shape = [size * Int64(rows.count)] + first.shape.dropFirst()
  }

  private init(_ name: String, _ column: [String]) {
    self.name = name
    shape = [Int64(column.count)]
    elements = .texts(column)
  }

  // MARK: From predictions

  /// The tensors of an answer, by the kind of its predictions.
  static func all(_ answer: ApusV1.PredictResponse) throws(Status) -> [OutputTensor] {
    let predictions = answer.predictions
    switch predictions.first?.kind {
    case .embedding:
      let rows = try rows(predictions) { kind -> [Float]? in
        if case .embedding(let embedding) = kind { embedding.values } else { nil }
      }
      return [OutputTensor("embedding", rows)]
    case .values:
      let rows = try rows(predictions) { kind -> [Float]? in
        if case .values(let values) = kind { values.values } else { nil }
      }
      return [OutputTensor("values", rows)]
    case .classification:
      let rows = try rows(predictions) { kind -> [ApusV1.Label]? in
        if case .classification(let classification) = kind { classification.labels } else { nil }
      }
      return [
        OutputTensor("label", rows.map { $0.first?.label ?? "" }),
        OutputTensor("labels", rows.map { $0.map(\.label) }),
        OutputTensor("scores", rows.map { $0.map(\.score) }),
      ]
    case .text:
      let rows = try rows(predictions) { kind -> [String]? in
        if case .text(let text) = kind { [text] } else { nil }
      }
      return [OutputTensor("text", Array(rows.joined()))]
    case .tensors(let named):
      var outputs: [OutputTensor] = []
      for name in named.tensors.keys.sorted() {
        let rows = predictions.compactMap { prediction -> ApusV1.Tensor? in
          if case .tensors(let named)? = prediction.kind { named.tensors[name] } else { nil }
        }
        guard rows.count == predictions.count else { continue }
        outputs.append(try OutputTensor(name, rows))
      }
      return outputs
    case nil: throw Status(.internal, "model \(answer.model) gave no tensors")
    }
  }

  private static func rows<Element>(
    _ predictions: [ApusV1.Prediction], _ row: (ApusV1.Prediction.Kind) -> [Element]?
  ) throws(Status) -> [[Element]] {
    let rows = predictions.compactMap { $0.kind.flatMap(row) }
    guard rows.count == predictions.count, rows.allSatisfy({ $0.count == rows.first?.count })
    else { throw Status(.internal, "the predictions have no common shape") }
    return rows
  }

  // MARK: To messages

  /// - Parameter isRaw: leaves the elements out, as they come as `raw`.
  func tensor(isRaw: Bool) -> OpenInference.ModelInferResponse.InferOutputTensor {
    var tensor = OpenInference.ModelInferResponse.InferOutputTensor(name: name, shape: shape)
    var contents = OpenInference.InferTensorContents()
    switch elements {
    case .floats(let values):
      tensor.datatype = Datatype.fp32.rawValue
      if !isRaw { contents.fp32Contents = values }
    case .texts(let texts):
      tensor.datatype = Datatype.bytes.rawValue
      if !isRaw { contents.bytesContents = texts.map { Array($0.utf8) } }
    case .rows(let rows):
      tensor.datatype = rows.first?.dataType.name ?? Datatype.fp32.rawValue
      if !isRaw { contents = OpenInference.InferTensorContents(rows) }
    }
    if !isRaw { tensor.contents = contents }
    return tensor
  }

  var raw: [UInt8] {
    switch elements {
    case .floats(let values): RawContents.bytes(values)
    case .texts(let texts): RawContents.bytes(texts)
    case .rows(let rows): rows.flatMap { RawContents.bytes($0) }
    }
  }
}
