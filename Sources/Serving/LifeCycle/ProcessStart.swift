internal import EventLoop

/// What comes first in a process.
package enum ProcessStart {
  /// Takes the numbers of standard streams that the parent closed, before sockets get them.
  package static func fillStandardStreams() throws { try StandardStreams.fill() }
}
