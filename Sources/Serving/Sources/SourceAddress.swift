internal import Glibc
internal import ObjectStore
internal import Web

/// Where models come from, as `--models` says it: folders and buckets with commas between.
enum SourceAddress: Equatable {
  case folder(String)
  /// The prefix is empty or ends with a slash.
  case bucket(String, prefix: String)

  /// Sources at most.
  static let bound = 16

  static func list(_ text: String) throws(ConfigurationError) -> [SourceAddress] {
    let parts = text.split(separator: ",").map(String.init)
    guard (1...bound).contains(parts.count) else {
      throw ConfigurationError(
        file: "--models", "expected 1 to \(bound) folders or s3://BUCKET/PREFIX, commas between")
    }
    var addresses: [SourceAddress] = []
    for part in parts {
      let address = try SourceAddress(part)
      guard !addresses.contains(address) else {
        throw ConfigurationError(file: "--models", "\(part) stands there twice")
      }
      addresses.append(address)
    }
    return addresses
  }

  private init(_ text: String) throws(ConfigurationError) {
    guard text.hasPrefix("s3://") else {
      let parts = text.split(separator: ":", maxSplits: 1)
      guard parts.count < 2 || !parts[1].hasPrefix("//") else {
        throw ConfigurationError(
          file: "--models", "'\(text)' is neither a folder nor s3://BUCKET/PREFIX")
      }
      self = .folder(text)
      return
    }
    let rest = text.dropFirst(5).split(
      separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let prefix = rest.count > 1 ? String(rest[1]) : ""
    self = .bucket(
      String(rest[0]), prefix: prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/")
  }

  var name: String {
    switch self {
    case .folder(let path): path
    case .bucket(let bucket, let prefix): "s3://\(bucket)/\(prefix)"
    }
  }

  /// Of the cache, one folder for each bucket and prefix.
  private var cacheName: String {
    guard case .bucket(let bucket, let prefix) = self else { return "" }
    return ([bucket] + prefix.split(separator: "/").map(String.init)).joined(separator: "+")
  }

  /// - Parameter cache: folder in which each bucket has one for what is fetched from it.
  func open(
    _ options: S3Options, cache: String, log: Log
  ) throws(ConfigurationError) -> any ModelSource {
    guard case .bucket(let bucket, let prefix) = self else { return FolderSource(name) }
    do throws(ObjectStoreError) {
      let store = try S3Bucket(bucket, environment: Self.environment())
      if unsafe mkdir(cache, 0o755) != 0, errno != EEXIST {
        throw ObjectStoreError(
          .disk, "cannot make the folder \(cache) for what is fetched; see --s3-cache")
      }
      let models = try ModelBucket(
        S3Client(store, client: try Self.client()), prefix: prefix,
        cache: "\(cache)/\(cacheName)")
      return try BucketSource(name, models, options, log: log)
    } catch {
      throw ConfigurationError(file: name, error.reason)
    }
  }

  /// One that may reach a store of one's own, through the proxy that the environment names.
  private static func client() throws(ObjectStoreError) -> WebClient {
    var configuration = WebClient.Configuration()
    configuration.addresses = .everywhere
    configuration.usesProxyOfEnvironment = true
    configuration.authorities = variable("AWS_CA_BUNDLE")
    do throws(WebError) { return try WebClient(configuration) } catch {
      throw ObjectStoreError(.settings, error.description)
    }
  }

  private static func environment() throws(ObjectStoreError) -> [String: String] {
    let names = [
      "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION",
      "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_PROFILE",
      "AWS_SHARED_CREDENTIALS_FILE", "HOME",
    ]
    var environment: [String: String] = [:]
    for name in names { environment[name] = variable(name) }
    return environment
  }

  private static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
