internal import Glibc

/// The variables that are meant for Apus.
package enum Environment {
  static let prefix = "APUS_"
  /// The file that `--config` names otherwise.
  package static let file = "APUS_CONFIG"
  /// What other parts of Apus read: the file's name, a client's key, the kernels.
  static let others = [file, "APUS_KEY", "APUS_CPU"]

  /// Whether it is one of those that Kubernetes and Docker make of a service that is called `apus`,
  /// such as `APUS_PORT_8001_TCP_ADDR`.
  static func isOfService(_ name: String, _ text: String) -> Bool {
    let words = name.split(separator: "_")
    let isOfPort = words.indices.dropFirst(2).contains { place in
      ["TCP", "UDP", "SCTP"].contains(words[place]) && words[place - 2] == "PORT"
        && Int(words[place - 1]) != nil
    }
    return isOfPort || name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
      || (name.hasSuffix("_PORT") && text.contains("://"))
  }

  /// Those of this process. To be called before another thread could change them.
  package static func current() -> [String: String] {
    var found: [String: String] = [:]
    var next = unsafe environ
    while let entry = unsafe next.pointee {
      unsafe next += 1
      guard unsafe strncmp(entry, prefix, prefix.utf8.count) == 0 else { continue }
      let parts = unsafe String(cString: entry).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      // An empty one is as good as none: that is how compose files leave one out.
      if parts.count == 2, !parts[1].isEmpty { found[String(parts[0])] = String(parts[1]) }
    }
    return found
  }
}
