internal import Bytes
internal import JSON
internal import Messages

extension Route {
  static let embeddings = Route(
    .post, "/v1/embeddings", dialect: .openAI,
    operation: Operation(
      id: "createEmbedding", summary: "Turn texts into points in a model's space", tag: "OpenAI",
      request: .init(Operation.schema("EmbeddingRequest")),
      answers: [.json("One embedding for each text.", Operation.schema("Embeddings"))])
  ) { request, gateway in
    let fields = try request.object()
    try fields.allowOnly(["model", "input", "encoding_format", "dimensions", "user"])
    var call = ApusV1.PredictRequest(
      model: try fields.requiredString("model"),
      instances: try inputs(fields).map { ApusV1.Instance(kind: .text($0)) })
    if request.refusesCache { call.options = ApusV1.PredictOptions(noCache: true) }
    let format = try fields.string("encoding_format") ?? "float"
    guard format == "float" || format == "base64" else {
      throw fields.error("encoding_format", "expected float or base64")
    }
    let size = try fields.integer("dimensions", in: 1...Int(UInt32.max))
    let answer = try await gateway.inference.predict(call)
    let embeddings = try values(answer)
    if let size, let width = embeddings.first?.count, size != width {
      throw fields.error("dimensions", "this model's embeddings have \(width), and are not cut")
    }
    return .json { json in write(answer, embeddings, inBase64: format == "base64", to: &json) }
  }

  private static func inputs(_ fields: Fields) throws(FieldError) -> [String] {
    guard let member = fields.member("input") else {
      throw fields.error("input", "is missing; expected a string")
    }
    if let text = member.string { return [text] }
    guard let elements = member.elements, let first = elements.first else {
      throw fields.unexpected("input", member, "a string or an array of strings")
    }
    if first.kind == .integer || first.kind == .array {
      throw fields.error("input", "token ids are not understood; send text")
    }
    return try fields.strings("input") ?? []
  }

  private static func values(_ answer: ApusV1.PredictResponse) throws(HTTPError) -> [[Float]] {
    var embeddings: [[Float]] = []
    for prediction in answer.predictions {
      guard case .embedding(let embedding) = prediction.kind else {
        throw HTTPError(
          .badRequest, "model \(answer.model) makes no embeddings", field: "model")
      }
      embeddings.append(embedding.values)
    }
    return embeddings
  }

  private static func write(
    _ answer: ApusV1.PredictResponse, _ embeddings: [[Float]], inBase64: Bool,
    to json: inout JSONWriter
  ) {
    json.object { json in
      json.member("object", "list")
      json.key("data")
      json.array(embeddings.enumerated()) { json, item in
        json.object { json in
          json.member("object", "embedding")
          json.member("index", item.offset)
          json.key("embedding")
          if inBase64 {
            json.string(base64(item.element))
          } else {
            json.array(item.element) { json, value in json.number(value) }
          }
        }
      }
      json.member("model", answer.model)
      json.key("usage")
      json.object { json in
        json.member("prompt_tokens", answer.usage?.promptTokens ?? 0)
        json.member("total_tokens", answer.usage?.promptTokens ?? 0)
      }
    }
  }

  /// The floats' bytes, little-endian.
  private static func base64(_ values: [Float]) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * values.count)
    for value in values { bytes.append(littleEndian: value.bitPattern) }
    return String(decoding: Base64.encode(bytes, padded: true), as: UTF8.self)
  }
}
