/// Why a picture is not taken: what is wrong with it, and what is allowed.
package struct ImageError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// The bytes are of no format that is read here.
    case unknownFormat
    /// They are of another format than whoever sent them said.
    case mediaType
    /// They end before the picture does.
    case truncated
    case corrupt
    /// A rare kind of a format that is read otherwise.
    case unsupported
    case animated
    /// Past a bound of `ImageLimits`.
    case tooLarge
    /// The system has no memory for it now.
    case outOfMemory
  }
  package let code: Code
  package let reason: String

  package init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  package var description: String { reason }
}
