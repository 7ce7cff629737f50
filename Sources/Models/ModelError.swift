internal import Bytes

/// Why a file or folder is no model this server can run: what is wrong, where, what is allowed.
package struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// A file or folder that is not there or cannot be read.
    case unreadable
    /// Bytes that break their own format.
    case malformed
    /// Well formed, and nothing we run.
    case unsupported
  }
  package let code: Code
  /// The file or folder.
  package let path: String
  package let reason: String

  package init(_ code: Code, _ path: String, _ reason: String) {
    self.code = code
    self.path = path
    self.reason = reason
  }

  package var description: String { "\(path): \(reason)" }
}

/// Maps a file, with the error as Models throws it.
func map(_ path: String) throws(ModelError) -> MappedFile {
  do throws(FileError) {
    return try MappedFile(path: path)
  } catch {
    throw ModelError(.unreadable, path, error.explanation)
  }
}
