extension [UInt8] {
  /// Appends a number's four bytes, the least significant one first, as `SpanReader` reads them.
  package mutating func append(littleEndian word: UInt32) {
    unsafe Swift.withUnsafeBytes(of: word.littleEndian) { unsafe append(contentsOf: $0) }
  }
}
