internal import CNghttp2

/// A header list to be sent. Names are lower case; values are bytes without line breaks.
package struct HeaderList: Sendable {
  private var bytes: [UInt8] = []
  private var lengths: [(name: Int, value: Int, changes: Bool)] = []
  /// Sum of the fields' sizes.
  package private(set) var listSize = 0

  /// With room for what most lists have.
  package init() {
    bytes.reserveCapacity(512)
    lengths.reserveCapacity(8)
  }

  package var isEmpty: Bool { lengths.isEmpty }

  /// - Parameter changes: whether the next list has another value there: such a field is not worth
  ///   a place in the compression's table, where it would drive others out (RFC 7541, section 6.2).
  package mutating func append(_ name: String, _ value: String, changes: Bool = false) {
    append(name.utf8.span, value.utf8.span, changes: changes)
  }

  package mutating func append(_ name: String, bytes value: [UInt8]) {
    append(name.utf8.span, value.span, changes: false)
  }

  /// Over spans: a text's bytes one by one take several times as long, and every answer has these.
  private mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>, changes: Bool) {
    unsafe name.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    unsafe value.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    lengths.append((name: name.count, value: value.count, changes: changes))
    listSize += HeaderBlock.fieldSize(name.count + value.count)
  }

  /// The fields as the library takes them, valid within `body`.
  func withFields<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
    unsafe bytes.withUnsafeBufferPointer { memory in
      guard let base = memory.baseAddress else {
        return unsafe body(UnsafeBufferPointer(start: nil, count: 0))
      }
      return unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: lengths.count) {
        fields in
        var position = 0
        for (index, length) in lengths.enumerated() {
          let name = unsafe UnsafeMutablePointer(mutating: base + position)
          unsafe fields.initializeElement(
            at: index,
            to: nghttp2_nv(
              name: name, value: name + length.name, namelen: length.name,
              valuelen: length.value,
              flags: UInt8(
                (length.changes ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE).rawValue)))
          position += length.name + length.value
        }
        return unsafe body(UnsafeBufferPointer(fields))
      }
    }
  }
}

/// Header fields to send: made once, or for this call.
package enum Headers: Sendable {
  case fixed(FixedHeaders)
  case list(HeaderList)

  func withFields<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
    switch self {
    case .fixed(let headers): unsafe body(headers.fields)
    case .list(let list): unsafe list.withFields(body)
    }
  }
}
