internal import CRapidJSON

/// JSON text (RFC 8259) parsed by RapidJSON, held as a flat list of its values and read through
/// `JSONValue`.
///
/// Text is UTF-8 without a byte order mark; doubled keys of an object are refused.
///
/// `@unchecked Sendable`: the values are listed before init returns, only read after, and freed
/// with the document.
@safe
package final class JSONDocument: @unchecked Sendable {
  /// Bounds on what a text may make the parser do.
  package struct Limits: Sendable {
    /// Largest text in bytes.
    package var bytes: Int
    /// Deepest nesting of arrays and objects.
    package var depth: Int
    /// Most values and keys; each takes 16 bytes of memory beside its text.
    package var values: Int

    package init(bytes: Int = 64 << 20, depth: Int = 32, values: Int = 4 << 20) {
      self.bytes = bytes
      self.depth = depth
      self.values = values
    }
  }

  /// The values in the text's order.
  private let nodes: UnsafeMutablePointer<rj_node>
  /// Behind them in the same memory: the text, which holds the strings.
  private let text: UnsafeMutableRawPointer

  /// Zero bytes behind the text: its end, and what the parser's vectors read with it.
  private static let textEnd = 16

  /// Parses one JSON text.
  ///
  /// - Throws: what is wrong, with line and column.
  package init(_ text: RawSpan, limits: Limits = Limits()) throws(JSONError) {
    let size = text.byteCount
    guard size > 0 else { throw JSONError("the text is empty", line: 1, column: 1) }
    guard size <= limits.bytes else {
      throw JSONError(
        "the text has \(size) bytes; at most \(limits.bytes) are allowed", over: .bytes)
    }
    let values = try countValues(of: text, limits: limits)
    let listSize = values * MemoryLayout<rj_node>.stride
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: listSize + size + Self.textEnd, alignment: MemoryLayout<rj_node>.alignment)
    unsafe nodes = memory.bindMemory(to: rj_node.self, capacity: values)
    unsafe self.text = memory + listSize
    unsafe text.withUnsafeBytes { text in
      unsafe UnsafeMutableRawBufferPointer(start: self.text, count: size).copyMemory(from: text)
    }
    unsafe (self.text + size).initializeMemory(as: UInt8.self, repeating: 0, count: Self.textEnd)
    let result = unsafe rj_parse(
      self.text.assumingMemoryBound(to: CChar.self), size, nodes, values)
    guard result.error == RJ_FINE else { throw JSONError(result, in: text) }
  }

  package convenience init(_ text: String, limits: Limits = Limits()) throws(JSONError) {
    let bytes = Array(text.utf8)
    try unsafe self.init(bytes.span.bytes, limits: limits)
  }

  deinit { unsafe UnsafeMutableRawPointer(nodes).deallocate() }

  /// The outermost value.
  package var root: JSONValue { JSONValue(document: self, index: 0) }

  func node(_ index: Int) -> rj_node { unsafe nodes[index] }

  /// The bytes of a string.
  @_lifetime(borrow self)
  func utf8(of string: rj_node) -> Span<UInt8> {
    let start = unsafe (text + string.start).assumingMemoryBound(to: UInt8.self)
    return unsafe _overrideLifetime(
      Span(_unsafeStart: start, count: Int(string.size)), borrowing: self)
  }
}

/// Why a text is not the JSON that was asked for.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What of `JSONDocument.Limits` a text may pass that is JSON for all that.
  package enum Bound: Sendable { case bytes, depth, values }

  package let reason: String
  /// What was passed; nil where the text is no JSON.
  package let bound: Bound?
  /// From 1; zero where no place in the text is to blame.
  package let line: Int
  package let column: Int

  package init(_ reason: String, line: Int = 0, column: Int = 0, over bound: Bound? = nil) {
    self.reason = reason
    self.bound = bound
    self.line = line
    self.column = column
  }

  package var description: String {
    line == 0 ? reason : "line \(line), column \(column): \(reason)"
  }
}
