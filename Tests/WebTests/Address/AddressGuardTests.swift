import Testing

@testable import Web

@Suite struct AddressGuardTests {
  @Test(arguments: [
    ("0.0.0.0", InternalPurpose.unspecified), ("0.1.2.3", .unspecified),
    ("10.0.0.0", .privateUse), ("10.255.255.255", .privateUse),
    ("100.64.0.0", .carrier), ("100.127.255.255", .carrier), ("100.100.100.200", .metadata),
    ("127.0.0.1", .loopback), ("127.255.255.254", .loopback),
    ("168.63.129.16", .metadata), ("169.254.169.254", .metadata), ("169.254.0.1", .linkLocal),
    ("172.16.0.0", .privateUse), ("172.31.255.255", .privateUse),
    ("192.0.0.192", .metadata), ("192.0.0.8", .reserved), ("192.0.2.1", .reserved),
    ("192.88.99.1", .reserved), ("192.168.0.1", .privateUse), ("192.168.255.255", .privateUse),
    ("198.18.0.1", .reserved), ("198.19.255.255", .reserved), ("198.51.100.7", .reserved),
    ("203.0.113.9", .reserved), ("224.0.0.1", .multicast), ("239.255.255.255", .multicast),
    ("240.0.0.1", .reserved), ("255.255.255.255", .reserved),
    ("::", .unspecified), ("::1", .loopback), ("::7f00:1", .reserved),
    ("fc00::1", .privateUse), ("fdff:ffff::1", .privateUse), ("fd00:ec2::254", .metadata),
    ("fe80::1", .linkLocal), ("febf::1", .linkLocal), ("fec0::1", .privateUse),
    ("ff02::1", .multicast), ("100::1", .reserved), ("2001:db8::1", .reserved),
    ("2001::1", .reserved), ("64:ff9b:1::1", .privateUse),
    // Wrapped addresses are what they wrap.
    ("::ffff:127.0.0.1", .loopback), ("::ffff:10.1.2.3", .privateUse),
    ("::ffff:169.254.169.254", .metadata), ("64:ff9b::7f00:1", .loopback),
    ("2002:7f00:1::1", .loopback), ("2002:a9fe:a9fe::", .metadata),
  ])
  func internalAddressesAreRefused(_ text: String, _ purpose: InternalPurpose) throws {
    let address = try #require(IPAddress(text))
    #expect(AddressGuard().refusal(of: address, host: "example.com") == purpose)
    #expect(AddressGuard.everywhere.refusal(of: address, host: "example.com") == nil)
  }

  @Test(arguments: [
    "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
    "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
    "223.255.255.255", "2606:4700::1111", "2001:200::1", "2003::1", "2400::1", "::ffff:8.8.8.8",
    "64:ff9b::808:808", "2002:808:808::1",
  ])
  func publicAddressesPass(_ text: String) throws {
    let address = try #require(IPAddress(text))
    #expect(AddressGuard().refusal(of: address, host: "example.com") == nil)
  }

  @Test func theOperatorOpensNetworksAndHosts() throws {
    let guarding = try AddressGuard(opening: ["10.2.0.0/16", "::1", "Hooks.Internal."])
    let inside = try #require(IPAddress("10.2.3.4"))
    #expect(guarding.refusal(of: inside, host: "x") == nil)
    #expect(guarding.refusal(of: try #require(IPAddress("::ffff:10.2.3.4")), host: "x") == nil)
    #expect(guarding.refusal(of: try #require(IPAddress("10.3.0.1")), host: "x") == .privateUse)
    #expect(guarding.refusal(of: try #require(IPAddress("::1")), host: "x") == nil)
    #expect(guarding.refusal(of: try #require(IPAddress("127.0.0.1")), host: "x") == .loopback)
    let anywhere = try #require(IPAddress("192.168.7.7"))
    #expect(guarding.refusal(of: anywhere, host: "hooks.internal") == nil)
    #expect(guarding.refusal(of: anywhere, host: "evil.hooks.internal") == .privateUse)
  }

  @Test(arguments: ["10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/08", "", "a b", "x/24"])
  func whatOpensNothingIsNamed(_ entry: String) {
    #expect { try AddressGuard(opening: [entry]) } throws: { error in
      "\(error)".contains("'\(entry)' is neither")
    }
  }

  @Test func addressesReadAndWriteAsTheyAre() throws {
    for text in ["192.0.2.1", "2001:db8::1", "::", "::ffff:10.0.0.1"] {
      #expect("\(try #require(IPAddress(text)))" == text)
    }
    for text in ["127.1", "0177.0.0.1", "2130706433", "1.2.3.4.5", "fe80::1%eth0", ":::", ""] {
      #expect(IPAddress(text) == nil, "\(text)")
    }
    #expect("\(try #require(IPNetwork("10.0.0.0/8")))" == "10.0.0.0/8")
    #expect("\(try #require(IPNetwork("10.0.0.1")))" == "10.0.0.1")
  }
}
