internal import CMicroHTTPD
internal import EventLoop
internal import Glibc

// The functions that the library calls, each with nothing in it but pointers turned into objects.
// Functions at file level belong to no actor. A connection is retained from its opening to its
// closing, and has its exchange: the library does not report the completion of each.

/// The library keeps the daemon's address for its own life, which ends before the daemon's.
func callbacks(for daemon: Daemon) -> mhd_callbacks {
  unsafe mhd_callbacks(
    owner: Unmanaged.passUnretained(daemon).toOpaque(), request_line: requestLineCallback,
    access: accessCallback, completed: completedCallback, connection: connectionCallback)
}

private func connectionCallback(
  _ owner: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
  _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
  _ event: MHD_ConnectionNotificationCode
) {
  guard let owner = unsafe owner, let context = unsafe context else { return }
  let daemon = unsafe Unmanaged<Daemon>.fromOpaque(owner).takeUnretainedValue()
  if event == .CONNECTION_NOTIFY_STARTED {
    guard let socket = daemon.incoming else { return }
    let connection = HTTPConnection(socket, daemon: daemon)
    unsafe context.pointee = Unmanaged.passRetained(connection).toOpaque()
    daemon.opened(connection)
  } else if let stored = unsafe context.pointee {
    unsafe context.pointee = nil
    daemon.closed(unsafe Unmanaged<HTTPConnection>.fromOpaque(stored).takeRetainedValue())
  }
}

private func requestLineCallback(
  _ owner: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
  guard let handle = unsafe handle, let context = unsafe mhd_context(handle) else { return nil }
  let connection = unsafe Unmanaged<HTTPConnection>.fromOpaque(context).takeUnretainedValue()
  let size = unsafe target.map { unsafe strlen($0) } ?? 0
  let text = unsafe target.map { unsafe String(cString: $0) } ?? ""
  unsafe mhd_skip_items(handle, target)
  let exchange = Exchange(connection: connection, target: text, size: size)
  connection.began(exchange)
  return unsafe Unmanaged.passUnretained(exchange).toOpaque()
}

private func accessCallback(
  _ owner: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _ url: UnsafePointer<CChar>?,
  _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?,
  _ data: UnsafePointer<CChar>?, _ size: UnsafeMutablePointer<Int>?,
  _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
  guard let library = unsafe LibraryConnection(handle), let size = unsafe size,
    let stored = unsafe context?.pointee
  else { return .NO }
  let exchange = unsafe Unmanaged<Exchange>.fromOpaque(stored).takeUnretainedValue()
  if !exchange.hasHead {
    let head = unsafe mhd_head(
      method: method, target: url, target_size: exchange.targetSize, version: version)
    let method = unsafe method.map { unsafe String(cString: $0) } ?? ""
    exchange.sawHead(library, method: method, isWhole: unsafe library.isWhole(head))
    return .YES
  }
  let count = unsafe size.pointee
  guard count > 0 else { return exchange.sawAll(library) ? .YES : .NO }
  unsafe size.pointee = 0
  let bytes = unsafe UnsafeRawBufferPointer(start: data, count: count)
  return unsafe exchange.sawBody(bytes) ? .YES : .NO
}

private func completedCallback(
  _ owner: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
  _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_RequestTerminationCode
) {
  guard let stored = unsafe context?.pointee else { return }
  unsafe context?.pointee = nil
  let exchange = unsafe Unmanaged<Exchange>.fromOpaque(stored).takeUnretainedValue()
  exchange.connection.completed(exchange)
}
