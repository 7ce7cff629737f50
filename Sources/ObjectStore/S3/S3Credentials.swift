/// Who asks an S3 store.
package struct S3Credentials: Sendable, CustomStringConvertible {
  package var accessKey: String
  package var secretKey: String
  /// Of temporary credentials.
  package var sessionToken: String?

  package init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
  }

  /// Without the secrets, should it ever come into a log.
  package var description: String { "credentials of \(accessKey)" }

  /// The usual variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
  ///
  /// - Returns: nil if neither of the first two is set.
  /// - Throws: if only one of them is.
  package init?(environment: [String: String]) throws(ObjectStoreError) {
    let access = environment["AWS_ACCESS_KEY_ID"] ?? ""
    let secret = environment["AWS_SECRET_ACCESS_KEY"] ?? ""
    if access.isEmpty, secret.isEmpty { return nil }
    guard !access.isEmpty, !secret.isEmpty else {
      throw ObjectStoreError(
        .settings,
        "\(access.isEmpty ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY") is missing: set both "
          + "or neither")
    }
    let token = environment["AWS_SESSION_TOKEN"] ?? ""
    self.init(
      accessKey: access, secretKey: secret, sessionToken: token.isEmpty ? nil : token)
  }
}
