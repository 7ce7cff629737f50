/// Writes an encoded message field by field into one buffer; `WireReader` has the grammar.
///
/// The length of a message within stands before it, so whoever writes does so twice: the first
/// writer keeps no bytes and measures, the second knows all lengths and copies nothing.
struct WireWriter {
  private(set) var bytes: [UInt8] = []
  /// Bytes so far, also of one that only measures.
  private(set) var count = 0
  /// Lengths of the messages within, in the order in which they begin.
  private var lengths: [Int] = []
  /// How many of them have been used; nil for a writer that measures.
  private var used: Int?

  /// One that measures.
  init() {}

  /// One that writes what `measured` was given.
  init(after measured: WireWriter) {
    lengths = measured.lengths
    used = 0
    bytes.reserveCapacity(measured.count)
  }

  mutating func field(_ number: Int, _ value: Int64) {
    varint(UInt64(number) << 3)
    varint(UInt64(bitPattern: value))
  }

  mutating func field(_ number: Int, _ value: Float) {
    varint(UInt64(number) << 3 | 5)
    append(value)
  }

  mutating func field(_ number: Int, _ value: [UInt8]) {
    unsafe field(number, value.span.bytes)
  }

  mutating func field(_ number: Int, _ value: RawSpan) {
    head(number, value.byteCount)
    count += value.byteCount
    guard used != nil else { return }
    unsafe value.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  mutating func field(_ number: Int, _ value: String) {
    head(number, value.utf8.count)
    count += value.utf8.count
    if used != nil { bytes.append(contentsOf: value.utf8) }
  }

  /// A text that is left out where it is empty.
  mutating func optional(_ number: Int, _ value: String) {
    if !value.isEmpty { field(number, value) }
  }

  /// A message within this one.
  mutating func field<Failure: Error>(
    _ number: Int, _ body: (inout WireWriter) throws(Failure) -> Void
  ) throws(Failure) {
    if let place = used {
      used = place + 1
      head(number, lengths[place])
      try body(&self)
      return
    }
    let (place, start) = (lengths.count, count)
    lengths.append(0)
    try body(&self)
    lengths[place] = count - start
    head(number, count - start)
  }

  /// Integers as one packed list.
  mutating func packed(_ number: Int, _ values: [Int64]) {
    field(number) { list in for value in values { list.varint(UInt64(bitPattern: value)) } }
  }

  /// Floats as one packed list.
  mutating func packed(_ number: Int, _ values: [Float]) {
    head(number, 4 * values.count)
    for value in values { append(value) }
  }

  private mutating func head(_ number: Int, _ length: Int) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(length))
  }

  private mutating func append(_ value: Float) {
    for shift in 0..<4 { append(UInt8(truncatingIfNeeded: value.bitPattern >> (8 * shift))) }
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  private mutating func append(_ byte: UInt8) {
    count += 1
    if used != nil { bytes.append(byte) }
  }
}
