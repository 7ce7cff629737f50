internal import Synchronization

//   traceparent   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//                 version   trace                    span          flags

/// Where a call stands in a trace that several services share: the trace, and the span of it that
/// this call is (https://www.w3.org/TR/trace-context/).
public struct TraceContext: Sendable, Equatable {
  private let high: UInt64
  private let low: UInt64
  private let span: UInt64
  /// Whether the caller keeps what its services tell of the trace.
  public let isSampled: Bool

  /// What a `traceparent` says; nil if it is malformed.
  ///
  /// Of versions that are still to come what this one knows is read, as the recommendation has it.
  public init?(traceparent text: String) {
    let bytes = text.utf8.span
    // Two hex digits, 32, 16 and 2, each part behind a dash.
    guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
      let version = number(bytes, 0..<2), version != 0xff,
      version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == dash,
      let high = number(bytes, 3..<19), let low = number(bytes, 19..<35), high | low != 0,
      let span = number(bytes, 36..<52), span != 0, let flags = number(bytes, 53..<55)
    else { return nil }
    self.init(high: high, low: low, span: span, isSampled: flags & 1 == 1)
  }

  private init(high: UInt64, low: UInt64, span: UInt64, isSampled: Bool) {
    self.high = high
    self.low = low
    self.span = span
    self.isSampled = isSampled
  }

  /// A new span: in the trace of `parent`, or the first of a new trace.
  static func make(parent: TraceContext?) -> TraceContext {
    let number = count.wrappingAdd(1, ordering: .relaxed).oldValue
    let span = mixed(seeds.2 &+ number)
    if let parent {
      return TraceContext(
        high: parent.high, low: parent.low, span: span, isSampled: parent.isSampled)
    }
    return TraceContext(
      high: mixed(seeds.0 &+ number), low: mixed(seeds.1 &+ number), span: span, isSampled: false)
  }

  public var traceID: String { hex(high, low) }
  public var spanID: String { hex(span) }
  /// As those are told who come next, or are answered.
  public var traceparent: String {
    var text: [UInt8] = []
    text.reserveCapacity(55)
    text.append(contentsOf: "00-".utf8)
    append(high, to: &text)
    append(low, to: &text)
    text.append(dash)
    append(span, to: &text)
    text.append(contentsOf: isSampled ? "-01".utf8 : "-00".utf8)
    return String(decoding: text, as: UTF8.self)
  }

  // MARK: Names for spans: random where the process begins, and from there without a system call

  private static let seeds = (
    UInt64.random(in: 1 ... .max), UInt64.random(in: 1 ... .max),
    UInt64.random(in: 1 ... .max)
  )
  private static let count = Atomic<UInt64>(0)

  /// SplitMix64's finish: another number for every number. Zero, which no id may be, becomes one.
  private static func mixed(_ number: UInt64) -> UInt64 {
    var z = number &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return max(1, z ^ (z >> 31))
  }
}

private let dash = UInt8(ascii: "-")

/// At most 16 hexadecimal digits, lower case as the recommendation demands.
private func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
  var value: UInt64 = 0
  for index in range {
    let byte = bytes[index]
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte & 15)
    case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - 87)
    default: return nil
    }
  }
  return value
}

private func append(_ number: UInt64, to text: inout [UInt8]) {
  // Eight digits at a time, each in a byte of a word, as every answer has such a text.
  for half in [number >> 32, number & 0xffff_ffff] {
    var digits = (half << 16 | half) & 0x0000_ffff_0000_ffff
    digits = (digits << 8 | digits) & 0x00ff_00ff_00ff_00ff
    digits = (digits << 4 | digits) & 0x0f0f_0f0f_0f0f_0f0f
    let letters = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    let characters = digits &+ 0x3030_3030_3030_3030 &+ letters &* 39
    unsafe withUnsafeBytes(of: characters.bigEndian) { unsafe text.append(contentsOf: $0) }
  }
}

/// 16 digits each.
private func hex(_ numbers: UInt64...) -> String {
  var text: [UInt8] = []
  text.reserveCapacity(numbers.count * 16)
  for number in numbers { append(number, to: &text) }
  return String(decoding: text, as: UTF8.self)
}
