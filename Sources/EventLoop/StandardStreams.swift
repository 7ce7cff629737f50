import CLinux

/// Standard input, output and error.
package enum StandardStreams {
  /// Opens /dev/null where the parent left one closed. Otherwise the first sockets take the
  /// numbers 0 to 2, and what the process logs goes into a client's connection. To be called
  /// before anything else opens a descriptor.
  package static func fill() throws(SystemError) {
    try SystemError.check(cl_fill_standard_streams(), "open /dev/null for a standard stream")
  }
}
