import Glibc

/// A plain socket that speaks as much HTTP/2 as opens one call, and reads when it is told to.
struct SilentClient {
  private let fd: Int32

  struct Failed: Error { let code: Int32 }

  init(port: Int) throws {
    fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var small: Int32 = 4_096
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failed(code: errno) }
  }

  func call(_ path: String, message: [UInt8]) {
    let settings: UInt8 = 4
    let fields = [
      (":method", "POST"), (":scheme", "http"), (":path", path),
      ("content-type", "application/grpc"), ("te", "trailers"),
    ]
    // Literal fields without indexing (RFC 7541, section 6.2.2), all shorter than 127 bytes.
    var block: [UInt8] = []
    for (name, value) in fields {
      block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
      block += [UInt8(value.utf8.count)] + Array(value.utf8)
    }
    let body: [UInt8] = [0, 0, 0, 0, UInt8(message.count)] + message
    let opening: [[UInt8]] = [
      Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8), frame(settings, 0, 0, []),
      frame(settings, 1, 0, []), frame(1, 4, 1, block), frame(0, 1, 1, body),
    ]
    _ = Array(opening.joined()).withUnsafeBytes { send(fd, $0.baseAddress, $0.count, 0x4000) }
  }

  func readToEnd() -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = recv(fd, &buffer, buffer.count, 0), count > 0 {
      all += buffer[..<count]
    }
    return all
  }

  /// What has come so far, as far as it is UTF-8; nil at the end.
  func readAvailable() -> String? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return count == 0 ? nil : String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
  }

  func close() { _ = Glibc.close(fd) }

  private func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8]
  {
    [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), kind, flags, 0, 0, 0, stream]
      + payload
  }
}
