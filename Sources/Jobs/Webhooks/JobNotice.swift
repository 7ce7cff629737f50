internal import Accounts
internal import JSON

/// What a webhook is told of a job that has ended.
package enum JobNotice {
  /// Makes the body of the call; runs while the database is locked, so that it must be quick.
  package typealias Writer = @Sendable (Job) -> [UInt8]

  /// The shape that Standard Webhooks proposes, without the result: the receiver asks for that.
  ///
  ///     {"type":"job.succeeded","timestamp":"2026-11-20T15:04:05Z",
  ///      "data":{"id":"job_…","state":"succeeded","created_at":…,"started_at":…,"ended_at":…}}
  @Sendable package static func brief(_ job: Job) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("type")
    writer.string("job.\(job.state.name)")
    writer.key("timestamp")
    writer.string((job.ended ?? job.created).text)
    writer.key("data")
    writer.beginObject()
    writer.key("id")
    writer.string(job.id)
    writer.key("state")
    writer.string(job.state.name)
    for (name, time) in [
      ("created_at", job.created), ("started_at", job.started), ("ended_at", job.ended),
    ] {
      guard let time else { continue }
      writer.key(name)
      writer.number(Double(time.microseconds) / 1e6)
    }
    if let failure = job.failure {
      writer.key("error")
      writer.beginObject()
      writer.key("code")
      writer.string(failure.code)
      writer.key("message")
      writer.string(failure.message)
      writer.endObject()
    }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }
}

extension UnixTime {
  /// `2026-11-20T15:04:05Z` (RFC 3339)
  package var text: String {
    let second = day.start.duration(to: self).components.seconds
    let parts = [second / 3600, second / 60 % 60, second % 60].map { part in
      part < 10 ? "0\(part)" : "\(part)"
    }
    return "\(day)T\(parts.joined(separator: ":"))Z"
  }
}
