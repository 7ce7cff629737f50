internal import JSON
internal import Messages

extension Route {
  /// What a person looks at: all there is to know, and 503 only from a server that is stuck.
  static let health = Route(
    .get, "/health", access: .open,
    operation: Operation(
      id: "health", summary: "Tell how the server and its models are", tag: "Operation",
      answers: [
        .json("The server lives.", healthSchema), .json(503, "It does not.", healthSchema),
      ])
  ) { _, gateway in
    let health = try await gateway.inference.health(ApusV1.HealthRequest())
    return .json(status: health.live ? 200 : 503) { json in
      json.object { json in
        json.member("status", health.ready ? "ok" : health.live ? "not ready" : "stuck")
        json.member("live", health.live)
        json.member("ready", health.ready)
        json.member("reason", health.reason)
        json.member("version", health.serverVersion)
        json.member("uptime_seconds", health.uptimeSeconds)
        json.key("models")
        json.array(health.models) { json, model in
          json.object { json in
            json.member("name", model.name)
            json.member("model_version", model.version)
            json.member("state", model.state.name)
            if !model.error.isEmpty { json.member("error", model.error) }
          }
        }
      }
    }
  }

  /// For whoever restarts a server that is stuck.
  static let live = Route(
    .get, "/health/live", access: .open,
    operation: Operation(
      id: "live", summary: "Tell whether the server lives", tag: "Operation",
      answers: [.json("It does.", probeSchema), .json(503, "It does not.", probeSchema)])
  ) { _, gateway in
    let health = try await gateway.inference.health(ApusV1.HealthRequest())
    return probe(health.live, health.reason)
  }

  /// For whoever sends requests to servers that can answer.
  static let ready = Route(
    .get, "/health/ready", access: .open,
    operation: Operation(
      id: "ready", summary: "Tell whether every model can answer", tag: "Operation",
      answers: [.json("All can.", probeSchema), .json(503, "The reason.", probeSchema)])
  ) { _, gateway in
    let health = try await gateway.inference.health(ApusV1.HealthRequest())
    return probe(health.ready, health.reason)
  }

  private static let healthSchema =
    #"{"type":"object","required":["status","live","ready","models"]}"#
  private static let probeSchema =
    #"{"type":"object","required":["status"],"properties":{"status":{"enum":["ok","unavailable"]},"#
    + #""reason":{"type":"string"}}}"#

  private static func probe(_ isWell: Bool, _ reason: String) -> HTTPResponse {
    .json(status: isWell ? 200 : 503) { json in
      json.object { json in
        json.member("status", isWell ? "ok" : "unavailable")
        if !isWell { json.member("reason", reason) }
      }
    }
  }
}
