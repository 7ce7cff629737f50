internal import JSON
internal import Messages

extension Route {
  static let listDeadLetters = Route(
    .get, "/v1/webhooks/dead-letters", access: .admin, dialect: .problem,
    operation: Operation(
      id: "listDeadLetters", summary: "List webhooks that were given up, the newest first",
      tag: "Administration",
      query: [
        .init("key_id", "Only those of this key's jobs."),
        .init(
          "limit", "At most this many; 100 unless given.",
          schema: #"{"type":"integer","minimum":1,"maximum":1000}"#),
        .init("page", "`next_page` of the answer before."),
      ],
      answers: [
        .json(
          "What each call of them met.",
          ##"""
          {"type":"object","required":["dead_letters","next_page"],"properties":{
          "dead_letters":{"type":"array","items":{"$ref":"#/components/schemas/DeadLetter"}},
          "next_page":{"type":["string","null"]}}}
          """##)
      ])
  ) { request, gateway in
    let query = try QueryItems(request, allowing: ["key_id", "limit", "page"])
    let answer = try await gateway.jobs.listDeadLetters(
      ApusV1.ListDeadLettersRequest(
        keyID: query.text("key_id") ?? "",
        limit: UInt32(try query.integer("limit", in: 1...1000) ?? 0),
        page: query.text("page") ?? ""))
    return .json { json in
      json.object { json in
        json.key("dead_letters")
        json.array(answer.deadLetters) { json, letter in letter.write(to: &json) }
        json.member("next_page", answer.nextPage.isEmpty ? nil : answer.nextPage)
      }
    }
  }

  static let resendDeadLetter = Route(
    .post, "/v1/webhooks/dead-letters/{id}/resend", access: .admin, dialect: .problem,
    operation: Operation(
      id: "resendDeadLetter", summary: "Call a webhook again that was given up",
      description: "At once, and with all its tries before it.", tag: "Administration",
      path: [.init("id", "The `webhook-id`.")],
      answers: [
        .json(
          202, "It waits to be called.",
          ##"""
          {"type":"object","required":["id","state"],"properties":{
          "id":{"type":"string"},"state":{"const":"pending"}}}
          """##)
      ])
  ) { request, gateway in
    let id = request.parameters[0]
    _ = try await gateway.jobs.resendDeadLetter(ApusV1.ResendDeadLetterRequest(id: id))
    return .json(status: 202) { json in
      json.object { json in
        json.member("id", id)
        json.member("state", ApusV1.WebhookState.pending.name)
      }
    }
  }

  static let rotateWebhookSecrets = Route(
    .post, "/v1/webhooks/secrets/rotate", access: .admin, dialect: .problem,
    operation: Operation(
      id: "rotateWebhookSecrets", summary: "Give the webhooks of every key a new secret",
      tag: "Administration",
      request: .init(
        #"""
        {"type":"object","additionalProperties":false,"properties":{"overlap_seconds":{
        "type":"number","minimum":0,"maximum":31536000,
        "description":"How long the secrets so far sign along; a day unless given."}}}
        """#, isRequired: false),
      answers: [
        .json(
          "When the secrets so far sign for the last time.",
          ##"""
          {"type":"object","required":["retires_at"],"properties":{
          "retires_at":{"type":["string","null"]}}}
          """##)
      ])
  ) { request, gateway in
    var call = ApusV1.RotateWebhookSecretsRequest()
    if let fields = try request.objectIfAny() {
      try fields.allowOnly(["overlap_seconds"])
      call.overlapSeconds = try fields.number("overlap_seconds", in: 0...31_536_000)
    }
    let answer = try await gateway.jobs.rotateWebhookSecrets(call)
    return .json { json in
      json.object { json in json.time("retires_at", answer.retiresAt) }
    }
  }
}
