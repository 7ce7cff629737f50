internal import JSON
internal import Messages

extension Route {
  static let createKey = Route(
    .post, "/v1/keys", access: .admin, dialect: .problem,
    operation: Operation(
      id: "createKey", summary: "Make a key", tag: "Administration",
      request: .init(
        ##"""
        {"type":"object","required":["owner"],"additionalProperties":false,"properties":{
        "owner":{"type":"string","minLength":1,"maxLength":128},"email":{"type":"string"},
        "expires_at":{"$ref":"#/components/schemas/Time"},
        "models":{"type":"array","items":{"type":"string"}},"is_admin":{"type":"boolean"},
        "limits":{"$ref":"#/components/schemas/KeyLimits"},
        "model_limits":{"$ref":"#/components/schemas/ModelLimits"}}}
        """##),
      answers: [.json(201, "The key, and its token this once.", Operation.schema("KeyWithToken"))])
  ) { request, gateway in
    let call = try ApusV1.CreateKeyRequest(request.object())
    let answer = try await gateway.accounts.createKey(call)
    return .key(status: 201, answer.key, token: answer.token)
  }

  static let listKeys = Route(
    .get, "/v1/keys", access: .admin, dialect: .problem,
    operation: Operation(
      id: "listKeys", summary: "List keys, the newest first", tag: "Administration",
      query: [
        .init(
          "include_ended", "Also keys that are revoked or expired.", schema: #"{"type":"boolean"}"#)
      ],
      answers: [
        .json(
          "The keys, without their tokens.",
          ##"""
          {"type":"object","required":["keys"],"properties":{"keys":{"type":"array",
          "items":{"$ref":"#/components/schemas/Key"}}}}
          """##)
      ])
  ) { request, gateway in
    let query = try QueryItems(request, allowing: ["include_ended"])
    let includeEnded = try query.boolean("include_ended") ?? false
    let answer = try await gateway.accounts.listKeys(
      ApusV1.ListKeysRequest(includeEnded: includeEnded))
    return .json { json in
      json.object { json in
        json.key("keys")
        json.array(answer.keys) { json, key in key.write(to: &json) }
      }
    }
  }

  static let revokeKey = Route(
    .delete, "/v1/keys/{id}", access: .admin, dialect: .problem,
    operation: Operation(
      id: "revokeKey", summary: "End a key for good", tag: "Administration",
      path: [.init("id", "The key's id.")],
      answers: [.json("The key that has ended.", Operation.schema("Key"))])
  ) { request, gateway in
    let answer = try await gateway.accounts.revokeKey(
      ApusV1.RevokeKeyRequest(id: request.parameters[0]))
    return .json { (answer.key ?? ApusV1.Key()).write(to: &$0) }
  }

  static let rotateKey = Route(
    .post, "/v1/keys/{id}/rotate", access: .admin, dialect: .problem,
    operation: Operation(
      id: "rotateKey", summary: "Give a key a new token", tag: "Administration",
      path: [.init("id", "The key's id.")],
      request: .init(
        #"""
        {"type":"object","additionalProperties":false,"properties":{"overlap_seconds":{
        "type":"number","minimum":0,"maximum":31536000,
        "description":"For how long the old token still works."}}}
        """#, isRequired: false),
      answers: [.json("The key, and its token this once.", Operation.schema("KeyWithToken"))])
  ) { request, gateway in
    var call = ApusV1.RotateKeyRequest(id: request.parameters[0])
    if let fields = try request.objectIfAny() {
      try fields.allowOnly(["overlap_seconds"])
      call.overlapSeconds = try fields.number("overlap_seconds", in: 0...31_536_000) ?? 0
    }
    let answer = try await gateway.accounts.rotateKey(call)
    return .key(answer.key, token: answer.token)
  }
}

extension HTTPResponse {
  fileprivate static func key(
    status: Int = 200, _ key: ApusV1.Key?, token: String
  ) -> HTTPResponse {
    var response = HTTPResponse.json(status: status) { json in
      json.object { json in
        json.key("key")
        (key ?? ApusV1.Key()).write(to: &json)
        json.member("token", token)
      }
    }
    response.headers.append(("cache-control", "no-store"))
    return response
  }
}
