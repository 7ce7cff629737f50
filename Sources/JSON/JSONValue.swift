internal import CRapidJSON

/// One value of a document. Asking for a type it does not have gives nil, never a conversion.
package struct JSONValue: Sendable {
  package enum Kind: String, Sendable {
    case null, boolean, integer, real, string, array, object
  }

  private let document: JSONDocument
  private let index: Int

  init(document: JSONDocument, index: Int) {
    self.document = document
    self.index = index
  }

  private var node: rj_node { document.node(index) }

  package var kind: Kind {
    switch rj_kind(node.kind) {
    case RJ_OBJECT: .object
    case RJ_ARRAY: .array
    case RJ_STRING: .string
    case RJ_INTEGER: .integer
    case RJ_REAL: .real
    case RJ_TRUE, RJ_FALSE: .boolean
    default: .null
    }
  }

  package var isNull: Bool { kind == .null }

  package var boolean: Bool? { kind == .boolean ? rj_kind(node.kind) == RJ_TRUE : nil }

  /// Of 64 bits: integers beyond are reals.
  package var integer: Int? { kind == .integer ? Int(node.integer) : nil }

  /// An integer or a real.
  package var number: Double? { node.number }

  package var string: String? {
    guard let utf8 else { return nil }
    return unsafe utf8.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of a string.
  package var utf8: Span<UInt8>? {
    @_lifetime(borrow self) get {
      let node = node
      guard rj_kind(node.kind) == RJ_STRING else { return nil }
      return unsafe _overrideLifetime(document.utf8(of: node), borrowing: self)
    }
  }

  /// Elements of an array or members of an object; zero for anything else.
  package var count: Int { node.isContainer ? Int(node.size) : 0 }

  /// The elements of an array, in order.
  package var elements: Elements? { kind == .array ? Elements(array: self) : nil }

  package struct Elements: Collection, Sendable {
    fileprivate let array: JSONValue

    package struct Index: Comparable, Sendable {
      fileprivate let position: Int
      fileprivate let node: Int
      package static func < (a: Index, b: Index) -> Bool { a.position < b.position }
      package static func == (a: Index, b: Index) -> Bool { a.position == b.position }
    }

    package var count: Int { array.count }
    package var startIndex: Index { Index(position: 0, node: array.index + 1) }
    package var endIndex: Index {
      Index(position: array.count, node: array.index + array.node.nodes)
    }
    package func index(after index: Index) -> Index {
      precondition(index < endIndex)
      let nodes = array.document.node(index.node).nodes
      return Index(position: index.position + 1, node: index.node + nodes)
    }
    package subscript(index: Index) -> JSONValue {
      precondition(index < endIndex)
      return JSONValue(document: array.document, index: index.node)
    }
    /// The element at a position from zero; takes as long as the way there.
    package subscript(position: Int) -> JSONValue {
      self[index(startIndex, offsetBy: position)]
    }
  }

  /// Appends the elements of an array of numbers.
  ///
  /// - Returns: the place of the first that is none; nil if all are.
  package func appendFloats(to floats: inout [Float]) -> Int? {
    guard kind == .array else { return count > 0 ? 0 : nil }
    let count = count
    floats.reserveCapacity(floats.count + count)
    for position in 0..<count {
      // Up to the first that is no number each element is one node.
      guard let number = document.node(index + 1 + position).number else { return position }
      floats.append(Float(number))
    }
    return nil
  }

  /// The member of an object; nil when there is none or this is no object.
  package subscript(key: String) -> JSONValue? {
    guard kind == .object else { return nil }
    var key = key
    return key.withUTF8 { wanted in
      var place = index + 1
      for _ in 0..<count {
        let name = document.utf8(of: document.node(place))
        if name.count == wanted.count, name.indices.allSatisfy({ unsafe name[$0] == wanted[$0] }) {
          return JSONValue(document: document, index: place + 1)
        }
        place += 1 + document.node(place + 1).nodes
      }
      return nil
    }
  }

  /// Calls `body` for each member of an object in the text's order; a key lives for its call.
  package func forEachMember<Failure: Error>(
    _ body: (_ key: Span<UInt8>, _ value: JSONValue) throws(Failure) -> Void
  ) throws(Failure) {
    guard kind == .object else { return }
    var place = index + 1
    for _ in 0..<count {
      let value = JSONValue(document: document, index: place + 1)
      try body(document.utf8(of: document.node(place)), value)
      place += 1 + value.node.nodes
    }
  }
}

extension rj_node {
  fileprivate var isContainer: Bool { kind >= RJ_ARRAY.rawValue }

  /// Nodes from this one to the next that is not within.
  fileprivate var nodes: Int { isContainer ? width : 1 }

  fileprivate var number: Double? {
    switch rj_kind(kind) {
    case RJ_INTEGER: Double(integer)
    case RJ_REAL: real
    default: nil
    }
  }
}
