// IANA's registries of special-purpose addresses (RFC 6890), RFC 4291 and RFC 1112, and what clouds
// answer their machines' metadata on. What stands here is not a place on the public internet.

/// Why an address is not on the public internet.
package enum InternalPurpose: String, Sendable {
  case unspecified = "this host"
  case loopback = "loopback"
  case privateUse = "private"
  case carrier = "carrier-grade NAT"
  case linkLocal = "link-local"
  case metadata = "cloud metadata"
  case reserved = "reserved"
  case multicast = "multicast"

  /// The first network that contains the address decides.
  static let networks: [(network: IPNetwork, purpose: InternalPurpose)] = [
    (.v4(0, 0, 0, 0, 8), .unspecified),
    (.v4(10, 0, 0, 0, 8), .privateUse),
    (.v4(100, 100, 100, 200, 32), .metadata),
    (.v4(100, 64, 0, 0, 10), .carrier),
    (.v4(127, 0, 0, 0, 8), .loopback),
    (.v4(168, 63, 129, 16, 32), .metadata),
    (.v4(169, 254, 169, 254, 32), .metadata),
    (.v4(169, 254, 0, 0, 16), .linkLocal),
    (.v4(172, 16, 0, 0, 12), .privateUse),
    (.v4(192, 0, 0, 192, 32), .metadata),
    (.v4(192, 0, 0, 0, 24), .reserved),
    (.v4(192, 0, 2, 0, 24), .reserved),
    (.v4(192, 88, 99, 0, 24), .reserved),
    (.v4(192, 168, 0, 0, 16), .privateUse),
    (.v4(198, 18, 0, 0, 15), .reserved),
    (.v4(198, 51, 100, 0, 24), .reserved),
    (.v4(203, 0, 113, 0, 24), .reserved),
    (.v4(224, 0, 0, 0, 4), .multicast),
    (.v4(240, 0, 0, 0, 4), .reserved),

    (.v6(0, 0, 128), .unspecified),
    (.v6(0, 1, 128), .loopback),
    (.v6(0, 0, 96), .reserved),
    (.v6(0x0064_ff9b_0001_0000, 0, 48), .privateUse),
    (.v6(0x0100_0000_0000_0000, 0, 64), .reserved),
    (.v6(0x2001_0000_0000_0000, 0, 23), .reserved),
    (.v6(0x2001_0db8_0000_0000, 0, 32), .reserved),
    (.v6(0x3fff_0000_0000_0000, 0, 20), .reserved),
    (.v6(0x5f00_0000_0000_0000, 0, 16), .reserved),
    (.v6(0xfd00_0ec2_0000_0000, 0x254, 128), .metadata),
    (.v6(0xfd20_00ce_0000_0000, 0x254, 128), .metadata),
    (.v6(0xfc00_0000_0000_0000, 0, 7), .privateUse),
    (.v6(0xfe80_0000_0000_0000, 0, 10), .linkLocal),
    (.v6(0xfec0_0000_0000_0000, 0, 10), .privateUse),
    (.v6(0xff00_0000_0000_0000, 0, 8), .multicast),
  ]
}

extension IPAddress {
  /// What an address that is not on the public internet is for; nil for one that is. An address of
  /// version 6 that wraps one of version 4 is what that one is.
  package var internalPurpose: InternalPurpose? {
    let address = wrapped ?? self
    return InternalPurpose.networks.first { $0.network.contains(address) }?.purpose
  }
}
