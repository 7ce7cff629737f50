/// Names of values by their places at a node; empty beyond the last, as a file may have nodes that
/// lack some.
package struct ValueNames: RandomAccessCollection, MutableCollection, RangeReplaceableCollection,
  ExpressibleByArrayLiteral, Equatable, Sendable
{
  private var names: [String] = []

  package init() {}
  package init(arrayLiteral names: String...) { self.names = names }

  package var startIndex: Int { 0 }
  package var endIndex: Int { names.count }

  package subscript(place: Int) -> String {
    get { place < names.count ? names[place] : "" }
    set {
      while names.count <= place { names.append("") }
      names[place] = newValue
    }
  }

  package mutating func replaceSubrange(
    _ range: Range<Int>, with new: some Collection<String>
  ) {
    names.replaceSubrange(range, with: new)
  }
}
