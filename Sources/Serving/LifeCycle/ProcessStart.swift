internal import EventLoop

/// What comes first in a process.
package enum ProcessStart {
  /// Puts /dev/null where the parent closed a standard stream, before sockets take its number.
  package static func fillStandardStreams() throws { try StandardStreams.fill() }
}
