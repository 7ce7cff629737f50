extension [UInt8] {
  /// Appends a number, from 0, in at least so many digits.
  mutating func append(_ number: Int, digits: Int) {
    var scale = 1
    for _ in 1..<digits { scale *= 10 }
    while number / scale >= 10 { scale *= 10 }
    while scale > 0 {
      append(UInt8(ascii: "0") + UInt8(number.magnitude / UInt(scale) % 10))
      scale /= 10
    }
  }
}
