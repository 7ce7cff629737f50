import Messages
import TestMessages
import TestSupport
import Testing

/// Good messages, broken at random: each decodes or gives a typed error, and what decodes survives
/// another round. Run under AddressSanitizer with `swift test --sanitize=address`.
@Suite struct MutationTests {
  private static let rounds = 40

  @Test(arguments: 0..<8)
  func brokenMessagesNeverCrash(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var decoded = 0
    var refused = 0
    for fixture in Fixture.all where fixture.bytes.count > 0 {
      let type = try #require(Fixture.types[fixture.typeName])
      for _ in 0..<Self.rounds / 8 {
        let bytes = mutated(fixture.bytes, &random)
        if survives(type, bytes, fixture) { decoded += 1 } else { refused += 1 }
      }
    }
    // Both happen, or the mutations do not do what they should.
    #expect(decoded > 100)
    #expect(refused > 100)
  }

  /// The budget ends at every place in turn; what it cuts short is refused, not broken.
  @Test func everyBudgetEndsWell() throws {
    var refused = 0
    for fixture in Fixture.all where fixture.bytes.count > 400 {
      let type = try #require(Fixture.types[fixture.typeName])
      for expansion in 0..<16 {
        do throws(DecodingError) {
          _ = try decode(type, fixture.bytes, DecodingLimits(expansion: expansion))
        } catch {
          #expect(error.code == .tooLarge, "\(fixture) with \(expansion)")
          refused += 1
        }
      }
    }
    #expect(refused > 50)
  }

  private func decode<M: BridgedMessage>(
    _ type: M.Type, _ bytes: [UInt8], _ limits: DecodingLimits
  ) throws(DecodingError) -> any BridgedMessage {
    try M(bytes, limits: limits)
  }

  @Test func noiseNeverCrashes() throws {
    var random = SeededGenerator(seed: 99)
    for (name, type) in Fixture.types.sorted(by: { $0.key < $1.key }) {
      for _ in 0..<300 {
        let count = Int.random(in: 0...60, using: &random)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        _ = survives(type, bytes, Fixture(typeName: name, bytes: bytes, line: 0))
      }
    }
  }

  private func survives<M: BridgedMessage>(
    _ type: M.Type, _ bytes: [UInt8], _ fixture: Fixture
  ) -> Bool {
    guard let message = try? M(bytes) else { return false }
    let encoded = message.encoded()
    // Compared as bytes: a mutated float may be NaN.
    let again = try? M(encoded)
    #expect(again?.encoded() == encoded, "\(fixture) as \(bytes)")
    return true
  }

  private func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard !result.isEmpty else { return result }
      let place = Int.random(in: 0..<result.count, using: &random)
      switch Int.random(in: 0..<7, using: &random) {
      case 0: result[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: result[place] = [0x00, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
      case 2: result.removeSubrange(place...)
      case 3: result.remove(at: place)
      case 4: result.insert(UInt8.random(in: 0...255, using: &random), at: place)
      case 5:
        let end = min(result.count, place + Int.random(in: 1...20, using: &random))
        result.insert(contentsOf: result[place..<end], at: end)
      default:
        let other = Fixture.all.randomElement(using: &random)?.bytes ?? []
        result.insert(contentsOf: other.prefix(30), at: place)
      }
    }
    return result
  }
}
