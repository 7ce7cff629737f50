internal import CLinux

/// Standard input, output and error.
package enum StandardStreams {
  /// Takes the numbers of those that the parent left closed. Otherwise the first sockets get them,
  /// and what the process logs goes into a client's connection. Using such a stream fails as it
  /// would have. To be called before anything else opens a descriptor.
  package static func fill() throws(SystemError) {
    try SystemError.check(cl_fill_standard_streams(), "open /dev/null for a standard stream")
  }
}
