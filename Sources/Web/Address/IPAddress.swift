internal import Glibc

/// An address of the Internet Protocol, of version 4 or 6.
package struct IPAddress: Sendable, Hashable {
  /// 32 or 128.
  package let width: Int
  /// The address as a number, its first byte being the most significant one.
  package let number: UInt128

  package static func v4(_ number: UInt32) -> IPAddress {
    IPAddress(width: 32, number: UInt128(number))
  }
  package static func v6(_ number: UInt128) -> IPAddress { IPAddress(width: 128, number: number) }

  private init(width: Int, number: UInt128) {
    self.width = width
    self.number = number
  }

  /// Reads `192.0.2.1` or `2001:db8::1`, as inet_pton(3) does; nil for anything else, the short and
  /// octal forms of version 4 and zones of version 6 among it.
  package init?(_ text: String) {
    var v4 = in_addr()
    var v6 = in6_addr()
    if unsafe inet_pton(AF_INET, text, &v4) == 1 {
      self = .v4(UInt32(bigEndian: v4.s_addr))
    } else if unsafe inet_pton(AF_INET6, text, &v6) == 1 {
      self.init(v6)
    } else {
      return nil
    }
  }

  /// - Returns: nil for an address of another family.
  @unsafe
  init?(socketAddress address: UnsafePointer<sockaddr>) {
    switch Int32(unsafe address.pointee.sa_family) {
    case AF_INET:
      let v4 = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
      self = .v4(UInt32(bigEndian: v4.sin_addr.s_addr))
    case AF_INET6:
      let v6 = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
      self.init(v6.sin6_addr)
    default: return nil
    }
  }

  private init(_ address: in6_addr) {
    self = unsafe withUnsafeBytes(of: address) { bytes in
      .v6(unsafe UInt128(bigEndian: bytes.loadUnaligned(as: UInt128.self)))
    }
  }

  /// The address of version 4 that this one of version 6 only wraps: mapped (RFC 4291, 2.5.5.2),
  /// translated (RFC 6052) or tunnelled (RFC 3056); nil for any other.
  package var wrapped: IPAddress? {
    if IPNetwork.mapped.contains(self) || IPNetwork.translated.contains(self) {
      return .v4(UInt32(truncatingIfNeeded: number))
    }
    return IPNetwork.tunnelled.contains(self)
      ? .v4(UInt32(truncatingIfNeeded: number >> 80)) : nil
  }
}

extension IPAddress: CustomStringConvertible {
  package var description: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    if width == 32 {
      var address = in_addr(s_addr: UInt32(truncatingIfNeeded: number).bigEndian)
      unsafe inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
    } else {
      var address = number.bigEndian
      unsafe inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
