package import Caching
internal import EventLoop
package import Images
package import REST
package import RPC

/// What `apus serve` can be told, with defaults; those of the wire are in `ServerLimits`.
package struct ServerConfiguration: Sendable {
  /// Where models come from: folders and `s3://bucket/prefix`, with commas between.
  package var models = "models"
  package var s3 = S3Options()
  /// `host:port` or `unix:/path`; port 0 takes a free one.
  package var address = "127.0.0.1:8001"
  /// The same for HTTP; nil for no HTTP front.
  package var httpAddress: String? = "127.0.0.1:8000"
  /// Event loops; nil is one per core.
  package var loops: Int?
  /// Threads that compute, the engine's own included; nil is one per core.
  package var threads: Int?
  /// What apus.yaml says of single models, by their names.
  package internal(set) var overrides: [String: ModelOverride] = [:]
  /// What is to go, as apus.yaml says.
  package internal(set) var deprecations: [DeprecationEntry] = []
  package var limits = ServerLimits()
  package var httpLimits = HTTPLimits()
  package var tls = TLSOptions()
  /// Origins whose pages may call over HTTP from a browser; `*` is any.
  package var httpOrigins: [String] = []
  /// Requests too long for a loop that may wait to be cut into tokens, or checked.
  package var longTexts = 64
  /// Bounds on each picture.
  package var images = ImageLimits()
  /// Bounds on all pictures that wait and are decoded.
  package var pictures = PictureBounds()
  package var cache = CacheOptions()
  package var accounts = AccountOptions()
  package var jobs = JobOptions()
  package var logFormat = Log.Format.human
  package var logLevel = LogEntry.Level.info
  package var callLog = CallLog.Scope.all
  /// From "not serving" to the GOAWAY, so that load balancers can look away first.
  package var drainDelay: Duration = .zero
  /// From the GOAWAY until every connection is closed; calls that still run are ended a moment
  /// before.
  package var drainGrace: Duration = .seconds(30)
  /// From the signal to stop until the process ends whatever it waits for.
  var stopPatience: Duration { drainDelay + drainGrace + .seconds(10) }
  /// How many models must answer for the server to be ready.
  package var readiness = Readiness.Requirement.all
  /// Between two looks at the models folders.
  package var modelsPeriod: Duration = .seconds(2)
  /// A batch that computes for longer than this makes the server not ready.
  package var stuckAfter: Duration = .seconds(30)

  /// What is wrong with an address, and how one is written; nil if it can be read. It is not looked
  /// up.
  package static func problem(withAddress text: String) -> String? {
    do throws(AddressError) {
      _ = try AddressText(text)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// The file of the database of jobs; nil where there are none.
  package var jobsFile: String? { jobs.path(besides: accounts.database) }

  package init() {}
  package init(models: String) { self.models = models }
}
