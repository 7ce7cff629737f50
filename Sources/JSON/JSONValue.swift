internal import CJansson

/// One value of a document. Asking for a type it does not have gives nil, never a conversion.
@safe
package struct JSONValue: Sendable {
  package enum Kind: String, Sendable {
    case null, boolean, integer, real, string, array, object
  }

  private let document: JSONDocument
  // Sendable: the document keeps the node, and nobody writes to it after parsing.
  private nonisolated(unsafe) let node: UnsafeMutablePointer<json_t>

  @unsafe
  init(document: JSONDocument, node: UnsafeMutablePointer<json_t>) {
    self.document = document
    unsafe self.node = node
  }

  package var kind: Kind {
    switch unsafe node.pointee.type {
    case JSON_OBJECT: .object
    case JSON_ARRAY: .array
    case JSON_STRING: .string
    case JSON_INTEGER: .integer
    case JSON_REAL: .real
    case JSON_TRUE, JSON_FALSE: .boolean
    default: .null
    }
  }

  package var isNull: Bool { kind == .null }

  package var boolean: Bool? { kind == .boolean ? unsafe node.pointee.type == JSON_TRUE : nil }

  package var integer: Int? { kind == .integer ? unsafe Int(json_integer_value(node)) : nil }

  /// An integer or a real.
  package var number: Double? {
    kind == .integer || kind == .real ? unsafe json_number_value(node) : nil
  }

  package var string: String? {
    guard kind == .string, let text = unsafe json_string_value(node) else { return nil }
    let bytes = unsafe UnsafeRawBufferPointer(start: text, count: json_string_length(node))
    return unsafe String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes of a string.
  package var utf8: Span<UInt8>? {
    @_lifetime(borrow self) get {
      guard kind == .string, let text = unsafe json_string_value(node) else { return nil }
      let bytes = unsafe UnsafeRawBufferPointer(start: text, count: json_string_length(node))
      return unsafe _overrideLifetime(
        Span<UInt8>(_unsafeElements: bytes.assumingMemoryBound(to: UInt8.self)), borrowing: self)
    }
  }

  /// Elements of an array or members of an object; zero for anything else.
  package var count: Int {
    switch kind {
    case .array: unsafe json_array_size(node)
    case .object: unsafe json_object_size(node)
    default: 0
    }
  }

  /// The elements of an array, in order.
  package var elements: Elements? { kind == .array ? Elements(array: self) : nil }

  package struct Elements: RandomAccessCollection, Sendable {
    fileprivate let array: JSONValue
    package var startIndex: Int { 0 }
    package var endIndex: Int { array.count }
    package subscript(position: Int) -> JSONValue {
      guard let element = array.element(position) else {
        preconditionFailure("element \(position) of \(array.count)")
      }
      return element
    }
  }

  /// Appends the elements of an array of numbers.
  ///
  /// - Returns: the place of the first that is none; nil if all are.
  package func appendFloats(to floats: inout [Float]) -> Int? {
    floats.reserveCapacity(floats.count + count)
    for index in 0..<count {
      guard let element = unsafe json_array_get(node, index) else { return index }
      switch unsafe element.pointee.type {
      case JSON_INTEGER, JSON_REAL: floats.append(Float(unsafe json_number_value(element)))
      default: return index
      }
    }
    return nil
  }

  private func element(_ index: Int) -> JSONValue? {
    guard index >= 0, let element = unsafe json_array_get(node, index) else { return nil }
    return unsafe JSONValue(document: document, node: element)
  }

  /// The member of an object; nil when there is none or this is no object.
  package subscript(key: String) -> JSONValue? {
    guard kind == .object else { return nil }
    // With its length: as a C string the key would be copied first.
    var key = key
    let found = key.withUTF8 { utf8 in
      unsafe UnsafeRawBufferPointer(utf8).withMemoryRebound(to: CChar.self) { text in
        unsafe json_object_getn(node, text.baseAddress, text.count)
      }
    }
    guard let member = unsafe found else { return nil }
    return unsafe JSONValue(document: document, node: member)
  }

  /// Calls `body` for each member of an object in the text's order; a key lives for its call.
  package func forEachMember<Failure: Error>(
    _ body: (_ key: Span<UInt8>, _ value: JSONValue) throws(Failure) -> Void
  ) throws(Failure) {
    guard kind == .object else { return }
    var position = unsafe json_object_iter(node)
    while let member = unsafe position {
      if let key = unsafe json_object_iter_key(member),
        let value = unsafe json_object_iter_value(member)
      {
        let bytes = unsafe UnsafeRawBufferPointer(
          start: key, count: json_object_iter_key_len(member))
        let span = unsafe Span<UInt8>(
          _unsafeElements: bytes.assumingMemoryBound(to: UInt8.self))
        try body(span, unsafe JSONValue(document: document, node: value))
      }
      unsafe position = unsafe json_object_iter_next(node, member)
    }
  }
}
