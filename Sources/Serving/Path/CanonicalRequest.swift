internal import Accounts
internal import Bytes
internal import Messages

/// A Predict as bytes that are the same for two requests only if every answer to one answers the
/// other: absent options count as what they default to; the request's id, its queue timeout and
/// how its model's version was named are left out.
///
/// Every text and list has its length before it, so that no two requests run into the same bytes.
enum CanonicalRequest {
  /// - Parameter keyID: whose request it is, where answers are kept for each key by itself.
  static func bytes(
    of request: ApusV1.PredictRequest, _ facts: ModelFacts, of keyID: KeyID?
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size(of: request))
    let options = request.options
    append(keyID.map { "\($0)" } ?? "", to: &bytes)
    bytes.append(littleEndian: UInt32(options?.topK ?? 0))
    bytes.append(options?.normalize ?? facts.normalizes ? 1 : 0)
    bytes.append(options?.truncate ?? true ? 1 : 0)
    bytes.append(littleEndian: UInt32(clamping: request.instances.count))
    for instance in request.instances { append(instance, to: &bytes) }
    return bytes
  }

  private static func append(_ instance: ApusV1.Instance, to bytes: inout [UInt8]) {
    switch instance.kind {
    case .text(let text):
      bytes.append(1)
      append(text, to: &bytes)
    case .features(let row) where row.names.isEmpty && row.texts.isEmpty:
      bytes.append(2)
      bytes.append(littleEndian: UInt32(clamping: row.values.count))
      for value in row.values { bytes.append(littleEndian: value.bitPattern) }
    case .features, .image, .tensors:
      bytes.append(3)
      let encoded = instance.encoded()
      bytes.append(littleEndian: UInt32(clamping: encoded.count))
      bytes.append(contentsOf: encoded)
    case nil: bytes.append(0)
    }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(littleEndian: UInt32(clamping: text.utf8.count))
    bytes.append(utf8: text)
  }

  private static func size(of request: ApusV1.PredictRequest) -> Int {
    request.instances.reduce(32) { sum, instance in
      switch instance.kind {
      case .text(let text): sum + 5 + text.utf8.count
      case .features(let row): sum + 5 + 4 * row.values.count
      default: sum
      }
    }
  }
}
