/// One HTTP request. Redirects are never followed: they are answers like any other.
package struct WebRequest: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
  }

  package var method: Method
  package var url: WebURL
  package var headers: [(name: String, value: String)] = []
  /// Sent with `post` and `put` only.
  package var body: [UInt8] = []
  package var timeouts = WebTimeouts()
  /// Most bytes of the response's body; an error that comes instead of a file may have 64 KB.
  package var responseLimit = 1 << 20
  package var signature: AWSSignature?

  package init(_ method: Method = .get, _ url: WebURL) {
    self.method = method
    self.url = url
  }
}

/// How long a request may take, each part of it.
package struct WebTimeouts: Sendable {
  /// To find the host's address and to connect, encryption included.
  package var connect = Duration.seconds(10)
  /// From the start to the last byte of the response; nil for as long as bytes keep coming.
  package var total: Duration? = .seconds(30)
  /// The longest time that fewer than `slowest` bytes a second may come and go, in whole seconds.
  package var stall = Duration.seconds(30)
  package var slowest = 1

  package init() {}
}

/// What to sign a request with, as Amazon's Signature Version 4 says.
package struct AWSSignature: Sendable, CustomStringConvertible {
  package var region: String
  package var service: String
  package var accessKey: String
  package var secretKey: String
  /// Of temporary credentials.
  package var sessionToken: String?

  package init(
    region: String, service: String, accessKey: String, secretKey: String, sessionToken: String?
  ) {
    self.region = region
    self.service = service
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
  }

  /// Without the secrets, should it ever come into a log.
  package var description: String { "signature of \(accessKey) for \(service) in \(region)" }
}

/// An HTTP response: any status, whatever it says, is a response.
package struct WebResponse: Sendable {
  package let status: Int
  /// In the order they came, names in lower case.
  package let headers: [(name: String, value: String)]
  /// Empty where it went to a file.
  package let body: [UInt8]

  package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The first header of that name, which is in lower case.
  package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  package var isSuccess: Bool { (200..<300).contains(status) }
}
