internal import Messages

/// How much work it is to check a request for a graph, and to read what its pictures' headers say.
struct RequestWeight {
  /// Whether each value of a row is a tensor of its own.
  let hasColumns: Bool

  /// What may be checked on a loop: about 1 ms.
  private static let short = 512 << 10
  /// What each instance, and each column of a row, weighs by itself.
  private static let piece = 512
  private static let number = 8
  private static let text = 128

  /// Whether no loop should do it.
  func isLong(_ request: ApusV1.PredictRequest) -> Bool {
    var weight = 0
    for instance in request.instances {
      weight += Self.piece + of(instance)
      if weight > Self.short { return true }
    }
    return false
  }

  private func of(_ instance: ApusV1.Instance) -> Int {
    switch instance.kind {
    // In the worst case a header is looked for in all bytes.
    case .image(let image): image.data.count
    case .features(let row):
      (row.values.count + row.texts.count) * (hasColumns ? Self.piece : Self.number)
    case .tensors(let named): named.tensors.values.reduce(0) { $0 + Self.of($1) }
    case .text, nil: 0
    }
  }

  private static func of(_ tensor: ApusV1.Tensor) -> Int {
    let numbers =
      tensor.floats.count + tensor.doubles.count + tensor.ints.count + tensor.longs.count
      + tensor.uints.count + tensor.ulongs.count
    // Raw texts are at least four bytes each.
    let raw = tensor.raw.count * (tensor.dataType == .bytes ? text / 4 : 1)
    return raw + numbers * number + tensor.byteStrings.count * text
  }
}
