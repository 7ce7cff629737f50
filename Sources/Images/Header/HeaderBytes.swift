/// The bytes of a file, read anywhere and never past the end.
struct HeaderBytes: ~Escapable {
  private let bytes: RawSpan
  /// What they are, for errors: "JPEG".
  private let name: String

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, _ name: String) {
    self.bytes = bytes
    self.name = name
  }

  var count: Int { bytes.byteCount }

  func byte(_ place: Int) throws(ImageError) -> Int {
    guard place >= 0, place < count else { throw truncated }
    return Int(unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self))
  }

  /// A number of `size` bytes (at most 4), the most significant one first.
  func big(_ place: Int, _ size: Int) throws(ImageError) -> Int {
    var value = 0
    for index in 0..<size { value = value << 8 | (try byte(place + index)) }
    return value
  }

  /// The same, the least significant byte first.
  func little(_ place: Int, _ size: Int) throws(ImageError) -> Int {
    var value = 0
    for index in 0..<size { value |= (try byte(place + index)) << (8 * index) }
    return value
  }

  func has(_ expected: some Collection<UInt8>, at place: Int) -> Bool {
    guard place >= 0, expected.count <= count - place else { return false }
    var place = place
    for byte in expected {
      guard unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self) == byte else {
        return false
      }
      place += 1
    }
    return true
  }

  func has(_ expected: String, at place: Int) -> Bool { has(expected.utf8, at: place) }

  /// A part of them, cut at the end of the file.
  @_lifetime(copy self)
  func part(_ start: Int, _ size: Int) -> HeaderBytes {
    let start = min(max(start, 0), count)
    return HeaderBytes(bytes.extracting(start..<start + min(max(size, 0), count - start)), name)
  }

  var truncated: ImageError {
    ImageError(.truncated, "the \(name) is cut short: it ends after \(count) bytes")
  }

  func corrupt(_ reason: String) -> ImageError {
    ImageError(.corrupt, "the \(name) is broken: \(reason)")
  }

  func unsupported(_ reason: String) -> ImageError {
    ImageError(.unsupported, "this kind of \(name) is not supported: \(reason)")
  }
}
