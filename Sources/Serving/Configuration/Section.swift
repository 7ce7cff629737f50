/// The parts of apus.yaml that hold settings of the server. `models`, the part about single models,
/// and `deprecated`, what is to go, have tables of their own.
package enum Section: String, Sendable, CaseIterable {
  case server, grpc, http, tls, accounts, limits, jobs, webhooks, log

  /// What `apus config print` says of it.
  package var summary: String {
    switch self {
    case .server: "where models come from, and how the process runs"
    case .grpc: "the gRPC front"
    case .http: "the HTTP front"
    case .tls: "the certificate of both fronts"
    case .accounts: "keys and usage"
    case .limits: "of keys without limits of their own"
    case .jobs: "long work"
    case .webhooks: "calls that tell of jobs' ends"
    case .log: "lines on standard error"
    }
  }

  /// What flags of this section begin with, which its keys leave out.
  private var flagPrefix: String {
    switch self {
    case .http: "http-"
    case .tls: "tls-"
    case .limits: "key-"
    case .jobs: "jobs-"
    case .webhooks: "webhook-"
    case .log: "log-"
    case .server, .grpc, .accounts: ""
    }
  }

  /// The key that a flag has in YAML unless its setting says otherwise.
  func key(ofFlag name: String) -> String {
    let rest = name.hasPrefix(flagPrefix) ? name.dropFirst(flagPrefix.count) : name[...]
    return String(decoding: rest.utf8.map { $0 == 0x2d ? 0x5f : $0 }, as: UTF8.self)
  }
}
