/// The filters of Jinja that chat templates use, by their names.
enum Filter: String, CaseIterable, Sendable {
  case abs, capitalize
  case count
  case `default`, first, float, int, items, join, last, length, list, lower, map, reject, rejectattr
  case replace, reverse, safe, select, selectattr, string, title, tojson, trim, upper

  private static let synonyms: [String: Filter] = ["d": .default]

  init?(name: String) {
    guard let filter = Filter(rawValue: name) ?? Filter.synonyms[name] else { return nil }
    self = filter
  }

  static let allowed = allCases.map(\.rawValue).sorted().joined(separator: ", ")
}
