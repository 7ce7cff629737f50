internal import Glibc

/// What the kernel knows of this process.
package enum ProcessMetrics {
  /// Memory in RAM, in bytes (/proc/self/statm).
  package static var residentBytes: Int? {
    guard let file = unsafe fopen("/proc/self/statm", "re") else { return nil }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard unsafe fgets(&line, Int32(line.count), file) != nil else { return nil }
    let fields = String(
      decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self
    )
    .split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }

  /// Open file descriptors (/proc/self/fd).
  package static var openDescriptors: Int? {
    guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
    defer { unsafe closedir(folder) }
    var count = 0
    while unsafe readdir(folder) != nil { count += 1 }
    // ".", ".." and the folder itself.
    return count - 3
  }

  /// User and system time of all threads, in seconds.
  package static var cpuSeconds: Double? {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Descriptors that the process may have open.
  package static var descriptorLimit: Int? {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return nil
    }
    return Int(clamping: limit.rlim_cur)
  }

  /// Adds them under the names that Prometheus' own client libraries use.
  package static func register(in registry: Registry) {
    registry.sampled(
      "process_resident_memory_bytes", help: "Resident memory size in bytes.", kind: .gauge
    ) { residentBytes.map(Double.init) }
    registry.sampled(
      "process_open_fds", help: "Number of open file descriptors.", kind: .gauge
    ) { openDescriptors.map(Double.init) }
    registry.sampled(
      "process_max_fds", help: "Maximum number of open file descriptors.", kind: .gauge
    ) { descriptorLimit.map(Double.init) }
    let started = Double(time(nil))
    registry.sampled(
      "process_start_time_seconds", help: "Start time of the process since unix epoch in seconds.",
      kind: .gauge
    ) { started }
    registry.sampled(
      "process_cpu_seconds_total", help: "Total user and system CPU time in seconds.",
      kind: .counter
    ) { cpuSeconds }
  }
}
