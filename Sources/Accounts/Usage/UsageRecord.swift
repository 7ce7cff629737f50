package import Time

/// One request: what was asked, how it went, what it cost.
package struct UsageRecord: Sendable, Equatable {
  /// Text longer than this, in bytes, is cut when it is written.
  package static let textLimit = 256

  package var key: KeyID
  /// A model of this server; empty where the call concerned none, or one that does not exist.
  package var model: String
  package var version: Int
  /// The route or method, such as `/apus.v1.Inference/Predict`.
  package var endpoint: String
  /// When it began.
  package var time: UnixTime
  package var latency: Duration
  /// The code of the call's gRPC status, whatever it came in by: 0 for success.
  package var status: Int
  package var instances: Int
  package var tokensIn: Int
  package var tokensOut: Int
  /// Whether the answer came from the cache.
  package var cached: Bool
  package var requestID: String

  package init(
    key: KeyID, model: String, version: Int = 0, endpoint: String, time: UnixTime,
    latency: Duration, status: Int, instances: Int = 1, tokensIn: Int = 0, tokensOut: Int = 0,
    cached: Bool = false, requestID: String = ""
  ) {
    self.key = key
    self.model = model
    self.version = version
    self.endpoint = endpoint
    self.time = time
    self.latency = latency
    self.status = status
    self.instances = instances
    self.tokensIn = tokensIn
    self.tokensOut = tokensOut
    self.cached = cached
    self.requestID = requestID
  }
}

/// Requests that were served and could not be noted down, as the queue was full.
package struct UsageGap: Sendable, Equatable {
  package var first: UnixTime
  package var last: UnixTime
  package var requests: Int
  package var tokensIn: Int
  package var tokensOut: Int

  package init(
    first: UnixTime, last: UnixTime, requests: Int, tokensIn: Int = 0, tokensOut: Int = 0
  ) {
    self.first = first
    self.last = last
    self.requests = requests
    self.tokensIn = tokensIn
    self.tokensOut = tokensOut
  }
}

/// How far a journal has been written down.
package struct UsagePosition: Sendable, Equatable {
  /// The journal's identity.
  package let journal: UInt64
  package let offset: UInt64

  package init(journal: UInt64, offset: UInt64) {
    self.journal = journal
    self.offset = offset
  }
}

/// What is written in one transaction: all of it or nothing.
package struct UsageBatch: Sendable {
  package var records: [UsageRecord]
  package var quotas: [QuotaUse]
  package var gap: UsageGap?
  /// Up to where in their journal the records reach.
  package var position: UsagePosition?

  package init(
    records: [UsageRecord] = [], quotas: [QuotaUse] = [], gap: UsageGap? = nil,
    position: UsagePosition? = nil
  ) {
    self.records = records
    self.quotas = quotas
    self.gap = gap
    self.position = position
  }

  package var isEmpty: Bool {
    records.isEmpty && quotas.isEmpty && gap == nil && position == nil
  }
}
