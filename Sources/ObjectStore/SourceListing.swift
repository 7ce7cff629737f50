/// What a bucket holds of models.
package struct SourceListing: Sendable, Equatable {
  /// By model, then by number.
  package var versions: [SourcedVersion] = []
  /// The models' own settings, `<model>/model.yaml`, by model.
  package var settings: [String: StoredObject] = [:]
  /// What was found and cannot be served, each a sentence that names it.
  package var problems: [String] = []
}

/// A version of a model in a bucket.
package struct SourcedVersion: Sendable, Equatable {
  package let model: String
  package let number: Int
  /// Its files, by path.
  package let files: [SourcedFile]

  package init(model: String, number: Int, files: [SourcedFile]) {
    self.model = model
    self.number = number
    self.files = files
  }

  /// Of all files, in bytes.
  package var size: Int { files.reduce(0) { $0 + $1.object.size } }

  /// Changes whenever a file does. Somebody may still be uploading: a version that looks the same
  /// in two listings some time apart is whole.
  package var fingerprint: String {
    files.map { "\($0.path) \($0.object.size) \($0.object.tag)" }.joined(separator: "\n")
  }
}

package struct SourcedFile: Sendable, Equatable {
  /// Below the version's folder.
  package let path: String
  package let object: StoredObject
}

/// An object as a listing shows it.
package struct StoredObject: Sendable, Equatable {
  package let key: String
  /// In bytes.
  package let size: Int
  /// Its ETag, without quotes: another content has another one.
  package let tag: String
}
