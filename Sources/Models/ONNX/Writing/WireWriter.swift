/// Writes an encoded message field by field; `WireReader` has the grammar.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func field(_ number: Int, _ value: Int64) {
    varint(UInt64(number) << 3)
    varint(UInt64(bitPattern: value))
  }

  mutating func field(_ number: Int, _ value: Float) {
    varint(UInt64(number) << 3 | 5)
    append(value)
  }

  mutating func field(_ number: Int, _ value: [UInt8]) {
    head(number, value.count)
    bytes += value
  }

  mutating func field(_ number: Int, _ value: RawSpan) {
    head(number, value.byteCount)
    unsafe value.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  mutating func field(_ number: Int, _ value: String) { field(number, Array(value.utf8)) }

  /// A text that is left out where it is empty.
  mutating func optional(_ number: Int, _ value: String) {
    if !value.isEmpty { field(number, value) }
  }

  /// A message within this one.
  mutating func field<Failure: Error>(
    _ number: Int, _ body: (inout WireWriter) throws(Failure) -> Void
  ) throws(Failure) {
    var inner = WireWriter()
    try body(&inner)
    field(number, inner.bytes)
  }

  /// Integers as one packed list.
  mutating func packed(_ number: Int, _ values: [Int64]) {
    var inner = WireWriter()
    for value in values { inner.varint(UInt64(bitPattern: value)) }
    field(number, inner.bytes)
  }

  /// Floats as one packed list.
  mutating func packed(_ number: Int, _ values: [Float]) {
    var inner = WireWriter()
    for value in values { inner.append(value) }
    field(number, inner.bytes)
  }

  private mutating func head(_ number: Int, _ count: Int) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(count))
  }

  private mutating func append(_ value: Float) {
    for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> (8 * shift))) }
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
