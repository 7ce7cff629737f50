internal import Bytes

// The file of credentials that Amazon's tools share:
//
//   [default]
//   aws_access_key_id = …
//   aws_secret_access_key = …

extension S3Credentials {
  /// Those of the environment, or of the file that it names, or of `~/.aws/credentials`: of the
  /// profile AWS_PROFILE, or `default`.
  ///
  /// - Returns: nil where there are none.
  /// - Throws: where half of them is missing, or what the environment names is not there.
  package static func found(
    _ environment: [String: String]
  ) throws(ObjectStoreError) -> S3Credentials? {
    if let credentials = try S3Credentials(environment: environment) { return credentials }
    let named = environment["AWS_SHARED_CREDENTIALS_FILE"]
    guard let path = named ?? environment["HOME"].map({ "\($0)/.aws/credentials" }) else {
      return nil
    }
    guard let text = ModelCache.text(of: path) else {
      if named == nil { return nil }
      throw ObjectStoreError(
        .settings, "the file \(path) of AWS_SHARED_CREDENTIALS_FILE cannot be read")
    }
    let profile = environment["AWS_PROFILE"] ?? "default"
    guard let values = section(profile, of: text) else {
      if named == nil, environment["AWS_PROFILE"] == nil { return nil }
      throw ObjectStoreError(.settings, "\(path) has no profile [\(profile)]; see AWS_PROFILE")
    }
    guard let access = values["aws_access_key_id"], let secret = values["aws_secret_access_key"]
    else {
      throw ObjectStoreError(
        .settings,
        "[\(profile)] in \(path) needs both aws_access_key_id and aws_secret_access_key")
    }
    return S3Credentials(
      accessKey: access, secretKey: secret, sessionToken: values["aws_session_token"])
  }

  /// The values of a section; nil where there is none.
  static func section(_ name: String, of text: String) -> [String: String]? {
    var values: [String: String]?
    var isWithin = false
    for line in text.split(whereSeparator: \.isNewline) {
      let line = trimmed(line)
      if line.hasPrefix("["), line.hasSuffix("]") {
        isWithin = trimmed(line.dropFirst().dropLast()) == name
        if isWithin { values = values ?? [:] }
      } else if isWithin, !line.hasPrefix("#"), !line.hasPrefix(";"),
        let equals = line.firstIndex(of: "=")
      {
        let value = trimmed(line[line.index(after: equals)...])
        if !value.isEmpty { values?[String(trimmed(line[..<equals]))] = String(value) }
      }
    }
    return values
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let rest = text.drop { $0 == " " || $0 == "\t" }
    guard let last = rest.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
    return rest[...last]
  }
}
