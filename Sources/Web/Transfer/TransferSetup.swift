internal import CCurl

/// Writes a request into a handle of libcurl, and remembers the first option that it refused.
@unsafe
struct TransferSetup {
  private let handle: UnsafeMutableRawPointer
  private(set) var firstFailure = CURLE_OK
  /// The request's, to be freed after the handle.
  private(set) var headers: UnsafeMutablePointer<curl_slist>?

  init(handle: UnsafeMutableRawPointer) { unsafe self.handle = handle }

  mutating func apply(_ request: WebRequest, _ configuration: WebClient.Configuration) {
    unsafe text(CURLOPT_URL, request.url.text)
    // What libcurl could do beyond one plain request stays off.
    unsafe text(CURLOPT_PROTOCOLS_STR, "http,https")
    unsafe number(CURLOPT_FOLLOWLOCATION, 0)
    unsafe number(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    unsafe number(CURLOPT_NOSIGNAL, 1)
    // A name that takes long to resolve must not hold up the thread when its request has ended.
    unsafe number(CURLOPT_QUICK_EXIT, 1)
    unsafe text(CURLOPT_USERAGENT, configuration.userAgent)
    if !configuration.usesProxyOfEnvironment { unsafe text(CURLOPT_PROXY, "") }
    if let file = configuration.authorities { unsafe text(CURLOPT_CAINFO, file) }
    unsafe apply(request.timeouts)
    unsafe applyMethod(of: request)
    for (name, value) in request.headers {
      // With an empty value libcurl would leave the header out, but for this way to write it.
      unsafe add(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    if let signature = request.signature { unsafe apply(signature) }
    unsafe pointer(CURLOPT_HTTPHEADER, headers)
  }

  private mutating func apply(_ timeouts: WebTimeouts) {
    unsafe number(CURLOPT_CONNECTTIMEOUT_MS, timeouts.connect.milliseconds)
    unsafe number(CURLOPT_TIMEOUT_MS, timeouts.total?.milliseconds ?? 0)
    unsafe number(CURLOPT_LOW_SPEED_LIMIT, timeouts.slowest)
    unsafe number(CURLOPT_LOW_SPEED_TIME, max(timeouts.stall.milliseconds / 1000, 1))
  }

  private mutating func applyMethod(of request: WebRequest) {
    switch request.method {
    case .get: unsafe number(CURLOPT_HTTPGET, 1)
    case .head: unsafe number(CURLOPT_NOBODY, 1)
    case .delete: unsafe text(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    case .post, .put:
      unsafe offset(CURLOPT_POSTFIELDSIZE_LARGE, request.body.count)
      unsafe request.body.withUnsafeBytes { body in
        // Copied, its size being known; an empty body still needs an address.
        unsafe "".withCString { empty in
          unsafe pointer(
            CURLOPT_COPYPOSTFIELDS,
            UnsafeMutableRawPointer(mutating: body.baseAddress ?? UnsafeRawPointer(empty)))
        }
      }
      unsafe text(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
      // What libcurl would add of itself: a form's type, and asking leave for a long body.
      unsafe add("Expect:")
      if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
        unsafe add("Content-Type:")
      }
    }
  }

  private mutating func apply(_ signature: AWSSignature) {
    unsafe text(CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):\(signature.service)")
    unsafe text(CURLOPT_USERNAME, signature.accessKey)
    unsafe text(CURLOPT_PASSWORD, signature.secretKey)
    if let token = signature.sessionToken { unsafe add("x-amz-security-token: \(token)") }
  }

  // MARK: One option

  mutating func number(_ option: CURLoption, _ value: Int) {
    unsafe note(ccurl_set_long(handle, option, value))
  }
  mutating func offset(_ option: CURLoption, _ value: Int) {
    unsafe note(ccurl_set_offset(handle, option, curl_off_t(value)))
  }
  /// Copied by libcurl.
  mutating func text(_ option: CURLoption, _ value: String) {
    unsafe note(ccurl_set_text(handle, option, value))
  }
  mutating func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
    unsafe note(ccurl_set_pointer(handle, option, value))
  }
  mutating func sink(_ option: CURLoption, _ function: ccurl_sink) {
    unsafe note(ccurl_set_sink(handle, option, function))
  }
  mutating func opener(_ function: curl_opensocket_callback) {
    unsafe note(ccurl_set_opener(handle, function))
  }

  private mutating func add(_ header: String) {
    guard let longer = unsafe ccurl_slist_append(headers, header) else {
      return unsafe note(CURLE_OUT_OF_MEMORY)
    }
    unsafe headers = longer
  }

  private mutating func note(_ code: CURLcode) {
    if unsafe firstFailure == CURLE_OK { unsafe firstFailure = code }
  }
}

extension Duration {
  /// Whole milliseconds, at least one: libcurl takes zero for "without end".
  var milliseconds: Int {
    let (seconds, attoseconds) = components
    return max(Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000), 1)
  }
}
