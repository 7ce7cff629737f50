internal import Time

// 8 words: key; time; latency, in µs; version; status and instances, 4 bytes each; tokens in;
// tokens out; whether cached and the lengths of the three texts, 2 bytes each. Then model, endpoint
// and request id, filled up with zeros to whole words. In this machine's byte order: no other reads
// it.

extension UsageRecord {
  private static let fixedSize = 64
  /// Bytes of the largest record.
  static let largestCoding = fixedSize + 3 * textLimit + 7

  /// Bytes that `encode` fills: a multiple of 8.
  var codingSize: Int {
    let texts = Self.length(model) + Self.length(endpoint) + Self.length(requestID)
    return (Self.fixedSize + texts + 7) / 8 * 8
  }

  /// - Parameter memory: of `codingSize` bytes.
  func encode(into memory: UnsafeMutableRawBufferPointer) {
    func put(_ value: some FixedWidthInteger & BitwiseCopyable, _ place: Int) {
      unsafe memory.storeBytes(of: value, toByteOffset: place, as: type(of: value))
    }
    put(key.packed, 0)
    put(time.microseconds, 8)
    put(latency.microseconds, 16)
    put(Int64(version), 24)
    put(Int32(clamping: status), 32)
    put(Int32(clamping: instances), 36)
    put(Int64(tokensIn), 40)
    put(Int64(tokensOut), 48)
    put(UInt16(cached ? 1 : 0), 56)
    put(UInt16(Self.length(model)), 58)
    put(UInt16(Self.length(endpoint)), 60)
    put(UInt16(Self.length(requestID)), 62)
    var place = Self.fixedSize
    unsafe Self.put(model, into: memory, at: &place)
    unsafe Self.put(endpoint, into: memory, at: &place)
    unsafe Self.put(requestID, into: memory, at: &place)
    while place < memory.count {
      unsafe memory[place] = 0
      place += 1
    }
  }

  /// - Parameter last: the record before, whose texts are used again where they are the same.
  /// - Returns: nil if the bytes are too few for what they say they hold.
  init?(decoding memory: UnsafeRawBufferPointer, last: UsageRecord? = nil) {
    guard memory.count >= Self.fixedSize else { return nil }
    func get<Value: FixedWidthInteger & BitwiseCopyable>(_ place: Int) -> Value {
      unsafe memory.load(fromByteOffset: place, as: Value.self)
    }
    var place = Self.fixedSize
    func text(_ lengthPlace: Int, _ last: String?) -> String? {
      let length = Int(get(lengthPlace) as UInt16)
      guard place + length <= memory.count else { return nil }
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: memory[place..<place + length])
      place += length
      if let last, unsafe Self.isSame(last, bytes) { return last }
      return unsafe String(decoding: bytes, as: UTF8.self)
    }
    guard let model = text(58, last?.model), let endpoint = text(60, last?.endpoint),
      let requestID = text(62, nil)
    else { return nil }
    self.init(
      key: KeyID(packed: get(0)), model: model, version: Int(get(24) as Int64),
      endpoint: endpoint, time: UnixTime(microseconds: get(8)),
      latency: .microseconds(get(16) as Int64), status: Int(get(32) as Int32),
      instances: Int(get(36) as Int32), tokensIn: Int(get(40) as Int64),
      tokensOut: Int(get(48) as Int64), cached: (get(56) as UInt16) != 0, requestID: requestID)
  }

  /// By their bytes, on spans: `elementsEqual` takes those of a text one by one.
  private static func isSame(_ text: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let utf8 = text.utf8.span
    return utf8.count == bytes.count && utf8.indices.allSatisfy { unsafe utf8[$0] == bytes[$0] }
  }

  private static func length(_ text: String) -> Int { min(text.utf8.count, textLimit) }

  private static func put(
    _ text: String, into memory: UnsafeMutableRawBufferPointer, at place: inout Int
  ) {
    let length = length(text)
    var text = text
    text.withUTF8 { bytes in
      unsafe UnsafeMutableRawBufferPointer(rebasing: memory[place..<place + length])
        .copyMemory(from: UnsafeRawBufferPointer(start: bytes.baseAddress, count: length))
    }
    place += length
  }
}
