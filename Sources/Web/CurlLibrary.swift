internal import CCurl

/// libcurl, which comes into the process when something first needs it.
enum CurlLibrary {
  private static let problem = unsafe ccurl_load().map { unsafe String(cString: $0) }

  /// - Throws: `.failed`, saying what to install.
  static func load() throws(WebError) {
    guard let problem else { return }
    throw WebError(
      .failed, host: "",
      "HTTP requests need libcurl, which is not there (\(problem)): install it, on Debian the "
        + "package libcurl4")
  }
}
