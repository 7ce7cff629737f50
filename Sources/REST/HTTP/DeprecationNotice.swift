package import Time

/// What an answer tells of something that is to go: from when on it is deprecated (RFC 9745), when
/// it ends (RFC 8594), what to read and what to use instead (RFC 8288).
///
///     deprecation: @1793491200
///     sunset: Mon, 01 Mar 2027 00:00:00 GMT
///     link: <https://example.com/news>; rel="deprecation"
package struct DeprecationNotice: Sendable, Equatable {
  /// May be a time to come.
  package private(set) var since: UnixTime
  package private(set) var sunset: UnixTime?
  /// As `link` has them, each once.
  private var links: [String] = []

  /// - Parameters:
  ///   - link: where to read about it.
  ///   - successor: what to use instead.
  package init(
    since: UnixTime, sunset: UnixTime? = nil, link: String? = nil, successor: String? = nil
  ) {
    self.since = since
    self.sunset = sunset
    if let link { links.append("<\(link)>; rel=\"deprecation\"") }
    if let successor { links.append("<\(successor)>; rel=\"successor-version\"") }
  }

  /// Header fields, or metadata of a call.
  package var fields: [(name: String, value: String)] {
    var fields = [(name: "deprecation", value: "@\(since.microseconds / 1_000_000)")]
    if let sunset { fields.append(("sunset", sunset.httpDate)) }
    for link in links { fields.append(("link", link)) }
    return fields
  }

  /// Of what goes on two accounts: the earlier times, and the links of both.
  package mutating func merge(_ other: DeprecationNotice) {
    since = min(since, other.since)
    sunset = [sunset, other.sunset].compactMap { $0 }.min()
    for link in other.links { add(link) }
  }

  /// Merges a field that an answer has already.
  ///
  /// - Returns: false for one that is none of a notice's.
  package mutating func take(_ name: String, _ value: String) -> Bool {
    switch name {
    case "deprecation":
      guard value.hasPrefix("@"), let seconds = Int64(value.dropFirst()),
        UnixTime.writable.contains(seconds: seconds)
      else { return false }
      since = min(since, UnixTime(seconds: seconds))
    case "sunset":
      guard let time = UnixTime(httpDate: value) else { return false }
      sunset = min(sunset ?? time, time)
    case "link": add(value)
    default: return false
    }
    return true
  }

  private mutating func add(_ link: String) {
    if !links.contains(link) { links.append(link) }
  }
}

extension ClosedRange<UnixTime> {
  /// Whether so many seconds since 1970 are among them, however many they are.
  fileprivate func contains(seconds: Int64) -> Bool {
    (lowerBound.microseconds / 1_000_000...upperBound.microseconds / 1_000_000).contains(seconds)
  }
}
