/// The version of this server, as `apus --version` and Health tell it.
package enum ServerVersion {
  package static let current = "0.1.0"
}
