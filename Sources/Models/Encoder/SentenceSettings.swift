internal import JSON

/// What the sentence-transformers files of a folder say about making one embedding of a text.
///
/// modules.json lists the steps; a folder without it pools by mean and does not normalise.
package struct SentenceSettings: Sendable {
  package var pooling = EncoderModel.Pooling.mean
  package var normalizes = false
  /// nil where no file says.
  package var maximumTokens: Int?

  /// - Parameter width: of a token's vector; nil where nobody knows it yet.
  package init(folder path: String, width: Int?) throws(ModelError) {
    if let file = try JSONFile.ifPresent(path: "\(path)/sentence_bert_config.json") {
      maximumTokens = try file.integer("max_seq_length", in: 3...65_536)
    }
    guard let modules = try JSONFile.ifPresent(path: "\(path)/modules.json") else { return }
    guard let steps = modules.root.elements, 1...8 ~= steps.count else {
      throw modules.problem("modules.json must be an array of 1 to 8 modules")
    }
    for step in steps {
      guard let type = step["type"]?.string, let place = step["path"]?.string else {
        throw modules.problem("each module must have a \"type\" and a \"path\" string")
      }
      switch type.split(separator: ".").last {
      case "Transformer":
        guard place.isEmpty else {
          throw modules.unsupported("the Transformer lies in \"\(place)\"; \"\" is supported")
        }
      case "Pooling":
        guard !place.contains("/"), place != "..", !place.isEmpty else {
          throw modules.problem("the Pooling path \"\(place)\" must name a folder beside it")
        }
        pooling = try Self.pooling(path: "\(path)/\(place)/config.json", width: width)
      case "Normalize": normalizes = true
      default:
        throw modules.unsupported(
          "the module \(type) is not supported; Transformer, Pooling and Normalize are")
      }
    }
  }

  private static func pooling(
    path: String, width: Int?
  ) throws(ModelError) -> EncoderModel.Pooling {
    let file = try JSONFile(path: path)
    if let found = try file.integer("word_embedding_dimension", in: 1...65_536), let width,
      found != width
    {
      throw file.problem("\"word_embedding_dimension\" is \(found); the encoder's is \(width)")
    }
    var modes: [String] = []
    try file.root.forEachMember { (key, value) throws(ModelError) in
      let name = unsafe key.withUnsafeBufferPointer {
        unsafe String(decoding: $0, as: UTF8.self)
      }
      if name.hasPrefix("pooling_mode_"), value.boolean == true { modes.append(name) }
    }
    switch modes {
    case ["pooling_mode_mean_tokens"]: return .mean
    case ["pooling_mode_cls_token"]: return .cls
    case ["pooling_mode_max_tokens"]: return .max
    default:
      throw file.unsupported(
        "pooling by \(modes.isEmpty ? "nothing" : modes.joined(separator: " and ")); exactly "
          + "one of pooling_mode_mean_tokens, _cls_token and _max_tokens is supported")
    }
  }
}
