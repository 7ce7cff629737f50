internal import REST
internal import Time

/// What applies to one method, route or model version: one entry or several.
struct DeprecationMark: Sendable {
  private(set) var entries: [DeprecationEntry]
  /// Of all entries together.
  private(set) var notice: DeprecationNotice

  init(_ entry: DeprecationEntry) {
    entries = [entry]
    notice = entry.notice
  }

  mutating func add(_ entry: DeprecationEntry) {
    entries.append(entry)
    notice.merge(entry.notice)
  }

  /// The entry by which calls are refused now.
  func gone(at now: UnixTime) -> DeprecationEntry? { entries.first { $0.hasGone(at: now) } }

  /// Such as `rpc /apus.v1.Inference/Predict`, for logs.
  var names: [String] { entries.map { "\($0.what) \($0.name)" } }

  /// Where to read about it, else what to use instead.
  var link: String? { entries.lazy.compactMap(\.link).first ?? successor }

  var successor: String? { entries.lazy.compactMap(\.successor).first }
}

/// All that is to go, by what a call asks for.
struct DeprecationTable: Sendable {
  private(set) var methods: [String: DeprecationMark] = [:]
  private(set) var routes: [String: DeprecationMark] = [:]
  /// Entries about a model and its versions, in their order.
  private var models: [String: [DeprecationEntry]] = [:]

  init(_ entries: [DeprecationEntry]) {
    for entry in entries {
      if let rpc = entry.rpc {
        for name in ServedNames.methods.covered(by: rpc) { Self.add(entry, name, to: &methods) }
      } else if let route = entry.route {
        for name in ServedNames.routes.covered(by: route) { Self.add(entry, name, to: &routes) }
      } else if let model = entry.model {
        models[model, default: []].append(entry)
      }
    }
  }

  private static func add(
    _ entry: DeprecationEntry, _ name: String, to marks: inout [String: DeprecationMark]
  ) {
    if marks[name]?.add(entry) == nil { marks[name] = DeprecationMark(entry) }
  }

  /// - Parameter version: 0 for none, to which only what is said of the whole model applies.
  func mark(ofModel name: String, version: Int) -> DeprecationMark? {
    var mark: DeprecationMark?
    for entry in models[name] ?? [] where entry.version == nil || entry.version == version {
      if mark?.add(entry) == nil { mark = DeprecationMark(entry) }
    }
    return mark
  }
}
