extension [UInt8] {
  /// Appends a number's four bytes, the least significant one first, as `SpanReader` reads them.
  package mutating func append(littleEndian word: UInt32) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }
}
