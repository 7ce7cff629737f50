internal import CLinux

/// The memory of this process.
package enum ProcessMemory {
  /// Gives what was freed back to the system: the allocator keeps it for the next to ask, and after
  /// a model has gone nobody will ask for so much. Takes milliseconds.
  package static func giveBack() { cl_trim_memory() }

  /// Bytes that were freed and are kept for the next to ask.
  package static var freed: Int { cl_freed_memory() }
}
