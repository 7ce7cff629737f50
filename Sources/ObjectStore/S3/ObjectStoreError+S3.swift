internal import Web

extension ObjectStoreError {
  /// What a store's answer other than a success means.
  ///
  /// - Parameter what: that was asked for, such as `the bucket 'models'`.
  init(_ response: WebResponse, askingFor what: String, of bucket: S3Bucket) {
    // A proxy or a store that is not S3 may answer with anything.
    let document = (try? S3Document(response.body)) ?? S3Document()
    let code = document.code.isEmpty ? "status \(response.status)" : document.code
    let message = document.message.isEmpty ? "" : ": \(document.message)"
    self.init(
      Self.kind(response.status, document.code),
      "S3 answered \(code) for \(what)\(message)\(Self.advice(response, document.code, bucket))",
      code: document.code)
  }

  private static func kind(_ status: Int, _ code: String) -> Kind {
    switch code {
    case "SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable": return .busy
    case "PreconditionFailed": return .changed
    case "NoSuchBucket", "NoSuchKey": return .notFound
    default: break
    }
    switch status {
    case 401, 403: return .denied
    case 404: return .notFound
    case 412: return .changed
    case 429, 500...: return .busy
    default: return .settings
    }
  }

  private static func advice(
    _ response: WebResponse, _ code: String, _ bucket: S3Bucket
  ) -> String {
    switch code {
    case "AccessDenied":
      bucket.credentials == nil
        ? "; no credentials are set: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        : "; the credentials need s3:ListBucket and s3:GetObject on it"
    case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken":
      "; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
    case "RequestTimeTooSkewed": "; set this machine's clock"
    case "NoSuchBucket": "; check its name, the region and the endpoint"
    case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
      response.header("x-amz-bucket-region").map { "; the bucket's region is \($0): set it" }
        ?? "; check the region (\(bucket.region)) and the endpoint"
    default: ""
    }
  }

  init(_ error: WebError) {
    switch error.kind {
    case .cancelled: self.init(.cancelled, error.description)
    case .interrupted, .malformed: self.init(.damaged, "S3: \(error)")
    case .file: self.init(.disk, error.reason)
    case .invalidRequest, .tls, .forbiddenAddress: self.init(.settings, "S3: \(error)")
    case .tooLarge: self.init(.unusable, "S3: \(error)")
    default: self.init(.unreachable, "S3 cannot be reached: \(error)")
    }
  }
}
