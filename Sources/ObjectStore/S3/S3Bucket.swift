internal import Web

/// Where a bucket is and how to talk to it.
package struct S3Bucket: Sendable {
  package let name: String
  package let region: String
  /// Nil for a bucket that anybody may read.
  package let credentials: S3Credentials?
  /// Scheme, host and port, with the bucket in the host's name or in the path.
  private let base: String

  /// - Parameters:
  ///   - region: nil for AWS_REGION, AWS_DEFAULT_REGION, or us-east-1.
  ///   - endpoint: of a store other than Amazon's, such as `http://minio:9000`; nil for
  ///     AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon's.
  ///   - usesPathStyle: whether the bucket's name stands in the path instead of the host's name;
  ///     nil for Amazon's way there and in the path elsewhere.
  ///   - credentials: nil for those of the environment or of the file that Amazon's
  ///     tools share, if there are any.
  ///   - environment: the process's variables.
  package init(
    _ name: String, region: String? = nil, endpoint: String? = nil, usesPathStyle: Bool? = nil,
    credentials: S3Credentials? = nil, environment: [String: String]
  ) throws(ObjectStoreError) {
    func variable(_ names: String...) -> String? {
      names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    guard Self.isValidName(name) else {
      throw ObjectStoreError(
        .settings, "'\(name)' is no bucket: 3 to 63 of the characters a-z 0-9 . - are allowed")
    }
    let region = region ?? variable("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1"
    guard !region.isEmpty, region.utf8.allSatisfy(Self.isNamePart) else {
      throw ObjectStoreError(.settings, "'\(region)' is no region, such as eu-central-1")
    }
    let other = endpoint ?? variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    let store = other ?? "https://s3.\(region).amazonaws.com"
    let url: WebURL
    do throws(WebError) { url = try WebURL(store) } catch {
      throw ObjectStoreError(.settings, "the endpoint '\(store)' is no address: \(error.reason)")
    }
    let scheme = url.isEncrypted ? "https" : "http"
    // A dot in the name does not fit Amazon's certificates.
    base =
      usesPathStyle ?? (other != nil || name.contains("."))
      ? "\(scheme)://\(url.authority)/\(name)" : "\(scheme)://\(name).\(url.authority)"
    self.name = name
    self.region = region
    if let credentials {
      self.credentials = credentials
    } else {
      self.credentials = try S3Credentials.found(environment)
    }
  }

  /// A signed request for an object, or, without a key, for the bucket itself.
  ///
  /// - Parameter query: sorted by name, as the signature wants it.
  func request(
    _ key: String = "", query: [(name: String, value: String)] = []
  ) throws(ObjectStoreError) -> WebRequest {
    var text = base + "/" + Self.encoded(key, keeping: "/")
    if !query.isEmpty {
      let parts = query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }
      text += "?" + parts.joined(separator: "&")
    }
    let url: WebURL
    do throws(WebError) { url = try WebURL(text) } catch {
      throw ObjectStoreError(.unusable, "the object '\(key)' cannot be asked for: \(error.reason)")
    }
    var request = WebRequest(.get, url)
    request.headers = [("x-amz-content-sha256", Self.digestOfNothing)]
    request.signature = credentials.map { credentials in
      AWSSignature(
        region: region, service: "s3", accessKey: credentials.accessKey,
        secretKey: credentials.secretKey, sessionToken: credentials.sessionToken)
    }
    return request
  }

  /// SHA-256 of an empty body: S3 wants the header with every request.
  private static let digestOfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  /// Percent-encodes all but RFC 3986's unreserved characters, as Signature Version 4 does.
  static func encoded(_ text: String, keeping kept: Unicode.Scalar? = nil) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if isUnreserved(byte) || kept.map({ UInt8(ascii: $0) }) == byte {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: true
    default: false
    }
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x61...0x7a, 0x2d: true
    default: false
    }
  }

  private static func isValidName(_ name: String) -> Bool {
    (3...63).contains(name.utf8.count) && !name.hasPrefix(".") && !name.contains("..")
      && name.utf8.allSatisfy { isNamePart($0) || $0 == 0x2e }
  }
}
