/// An immutable list of byte strings in one block: a vocabulary of 30,000 words costs two
/// allocations instead of one each.
package struct PackedStrings: Sendable, Equatable {
  private var storage: [UInt8] = []
  /// Where each string ends; it starts where the one before ends.
  private var ends: [UInt32] = []

  package init() {}

  package init(_ strings: some Sequence<String>) {
    for string in strings { append(utf8: string) }
  }

  package mutating func reserveCapacity(strings: Int, bytes: Int) {
    ends.reserveCapacity(strings)
    storage.reserveCapacity(bytes)
  }

  package mutating func append(utf8 string: String) {
    storage.append(contentsOf: string.utf8)
    ends.append(UInt32(storage.count))
  }

  package mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe storage.append(contentsOf: $0) }
    ends.append(UInt32(storage.count))
  }

  package var count: Int { ends.count }

  /// Where string `index` lies in the block.
  package func range(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
  }

  /// The bytes of string `index`.
  package subscript(_ index: Int) -> Span<UInt8> {
    @_lifetime(borrow self) get { storage.span.extracting(range(index)) }
  }

  /// String `index` as text; bytes that are no UTF-8 become U+FFFD.
  package func string(_ index: Int) -> String {
    String(decoding: storage[range(index)], as: UTF8.self)
  }
}
