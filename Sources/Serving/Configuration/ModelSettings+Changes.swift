extension ModelSettings {
  /// The keys that say something else than before and count only when a version is loaded.
  func keys(changedSince before: ModelSettings) -> [String] {
    let changed = Self.table.filter { setting in
      setting.change != .live && setting.value.read(self) != setting.value.read(before)
    }
    return changed.map(\.key) + graph.keys(changedSince: before.graph)
  }
}

extension GraphSettings {
  fileprivate func keys(changedSince before: GraphSettings) -> [String] {
    var changed = Self.table.filter { $0.value.read(self) != $0.value.read(before) }.map(\.key)
    if labels != before.labels { changed.append("labels") }
    if image != before.image { changed.append("image") }
    return changed
  }
}
