internal import Messages

extension Route {
  static let usage = Route(
    .get, "/v1/usage",
    operation: Operation(
      id: "getUsage", summary: "Sum up calls",
      description:
        "Those of the caller's own key; an administrator may ask for any key, or for all.",
      tag: "Usage",
      query: [
        .init(
          "from",
          "From this time on; 30 days ago unless given. RFC 3339, a date, or seconds since 1970."),
        .init("to", "Up to this time; now unless given."),
        .init("model", "Only this model."),
        .init("key", "The id of a key; for administrators."),
        .init("all", "All keys together; for administrators.", schema: #"{"type":"boolean"}"#),
        .init("by_key", "Also by key, as `keys`.", schema: #"{"type":"boolean"}"#),
      ],
      answers: [.json("The report.", Operation.schema("UsageReport"))])
  ) { request, gateway in
    let query = try QueryItems(request, allowing: ["from", "to", "model", "key", "all", "by_key"])
    var call = ApusV1.GetUsageRequest()
    call.from = try query.time("from") ?? 0
    call.to = try query.time("to") ?? 0
    call.model = query.text("model") ?? ""
    call.keyID = query.text("key") ?? ""
    call.allKeys = try query.boolean("all") ?? false
    call.byKey = try query.boolean("by_key") ?? false
    let answer = try await gateway.accounts.getUsage(call)
    return .json { answer.write(to: &$0, hasKeys: call.byKey) }
  }
}
