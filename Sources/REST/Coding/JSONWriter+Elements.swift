internal import JSON

extension JSONWriter {
  /// An array of what `body` makes of each element. Here and not with the writer: from another
  /// module generic code looks its types up at run time.
  mutating func array<Elements: Sequence>(
    _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) -> Void
  ) {
    beginArray()
    for element in elements { body(&self, element) }
    endArray()
  }
}
