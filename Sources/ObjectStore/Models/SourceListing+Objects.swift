extension SourceListing {
  /// Most files of one version.
  static let fileLimit = 1000

  /// Sorts a bucket's objects into versions of models.
  ///
  /// - Parameter prefix: that all keys begin with.
  init(_ objects: [StoredObject], prefix: String) {
    var files: [String: [Int: [SourcedFile]]] = [:]
    for object in objects {
      do throws(ObjectStoreError) {
        switch try ModelKey(Self.rest(of: object.key, after: prefix)) {
        case .folder: break
        case .settings(let model): settings[model] = object
        case .file(let model, let version, let path):
          files[model, default: [:]][version, default: []]
            .append(SourcedFile(path: path, object: object))
        }
      } catch {
        // Thousands of them would say no more than the first hundred.
        if problems.count < 100 { problems.append(error.reason) }
      }
    }
    for (model, numbers) in files.sorted(by: { $0.key < $1.key }) {
      for (number, found) in numbers.sorted(by: { $0.key < $1.key }) {
        guard found.count <= Self.fileLimit else {
          problems.append(
            "version \(number) of \(model) is left out: it has over \(Self.fileLimit) files")
          continue
        }
        versions.append(
          SourcedVersion(
            model: model, number: number, files: found.sorted { $0.path < $1.path }))
      }
    }
  }

  /// By bytes: the characters of a key need not end where those of its prefix do.
  private static func rest(of key: String, after prefix: String) -> String {
    String(decoding: key.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
  }
}
