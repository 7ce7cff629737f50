/// A place that versions of models come from, other than the folder they are served from.
package protocol ModelSource: Sendable {
  /// What is there now.
  func listing() async throws(ObjectStoreError) -> SourceListing

  /// Brings the files of a version to this machine, all or none.
  ///
  /// - Returns: the folder that holds them, `<cache>/<model>/<number>`; what was fetched before is
  ///   not fetched again.
  func fetch(_ version: SourcedVersion) async throws(ObjectStoreError) -> String
}

/// What a source holds.
package struct SourceListing: Sendable, Equatable {
  /// By model, then by number.
  package var versions: [SourcedVersion] = []
  /// What was found and cannot be served, each a sentence that names it.
  package var problems: [String] = []
}

/// A version of a model in a source.
package struct SourcedVersion: Sendable, Equatable {
  package let model: String
  package let number: Int
  /// Its files, by path.
  package let files: [SourcedFile]
  /// The model's own settings, `<model>/model.yaml`.
  package let settings: SourcedFile?

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
