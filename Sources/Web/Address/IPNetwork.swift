/// All addresses that begin with the same bits, written `10.0.0.0/8` (RFC 4632).
package struct IPNetwork: Sendable, Hashable, CustomStringConvertible {
  package let base: IPAddress
  /// Bits that are the same.
  package let prefix: Int

  /// Reads an address, which stands for itself alone, or a network; nil for anything else, bits
  /// after the prefix among it.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let first = parts.first, let base = IPAddress(String(first)) else { return nil }
    guard parts.count > 1 else {
      self.init(base, prefix: base.width)
      return
    }
    guard parts.count == 2, let prefix = Int(parts[1]), (0...base.width).contains(prefix),
      String(prefix) == parts[1]
    else { return nil }
    self.init(base, prefix: prefix)
    guard prefix == base.width || base.number << UInt128(128 - base.width + prefix) == 0 else {
      return nil
    }
  }

  private init(_ base: IPAddress, prefix: Int) {
    self.base = base
    self.prefix = prefix
  }

  /// The network of version 4 that begins with these bytes.
  static func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, _ prefix: Int) -> IPNetwork {
    IPNetwork(.v4(a << 24 | b << 16 | c << 8 | d), prefix: prefix)
  }

  /// The network of version 6 whose first 64 bits are `high` and whose last are `low`.
  static func v6(_ high: UInt64, _ low: UInt64, _ prefix: Int) -> IPNetwork {
    IPNetwork(.v6(UInt128(high) << 64 | UInt128(low)), prefix: prefix)
  }

  package func contains(_ address: IPAddress) -> Bool {
    guard address.width == base.width else { return false }
    return (address.number ^ base.number) >> UInt128(base.width - prefix) == 0
  }

  package var description: String { prefix == base.width ? "\(base)" : "\(base)/\(prefix)" }

  static let mapped = IPNetwork.v6(0, 0xffff_0000_0000, 96)
  static let translated = IPNetwork.v6(0x0064_ff9b_0000_0000, 0, 96)
  static let tunnelled = IPNetwork.v6(0x2002_0000_0000_0000, 0, 16)
}
