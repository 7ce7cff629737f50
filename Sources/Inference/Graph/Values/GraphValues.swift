internal import Models

/// The elements of a tensor to read, each access within bounds; keeps the tensor.
@safe
package struct GraphValues<Element: BitwiseCopyable> {
  private let tensor: GraphTensor
  let base: UnsafeMutablePointer<Element>
  package let count: Int

  init(_ tensor: GraphTensor, _ base: UnsafeMutablePointer<Element>) {
    self.tensor = tensor
    self.count = tensor.count
    unsafe self.base = base
  }

  @inline(__always)
  package subscript(index: Int) -> Element {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    return unsafe base[index]
  }

  package var span: Span<Element> {
    @_lifetime(borrow self) get {
      let span = unsafe Span(_unsafeStart: base, count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Where elements begin that lie `step` apart.
  @inline(__always)
  func run(_ start: Int, _ length: Int, step: Int = 1) -> UnsafeMutablePointer<Element> {
    let last = start + (length - 1) * step
    precondition(start >= 0 && length > 0 && last >= 0 && max(start, last) < count)
    return unsafe base + start
  }

  package var array: [Element] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }
}

/// A tensor in the making: its elements can be written until it is handed on.
@safe
package struct NewTensor<Element: BitwiseCopyable> {
  package let tensor: GraphTensor
  private let base: UnsafeMutablePointer<Element>
  package let count: Int

  /// Zeros, unless whoever makes it writes every element (`isCleared` false).
  init(
    _ type: ONNXElementType, _ shape: [Int], _ budget: MemoryBudget, isCleared: Bool = true
  ) throws {
    tensor = try GraphTensor(type, shape, budget, isCleared: isCleared)
    precondition(type.storedSize == MemoryLayout<Element>.size)
    count = tensor.count
    unsafe base = tensor.base.assumingMemoryBound(to: Element.self)
  }

  @inline(__always)
  package subscript(index: Int) -> Element {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return unsafe base[index]
    }
    nonmutating set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      unsafe base[index] = newValue
    }
  }
}

extension NewTensor {
  /// Where `length` elements from one on are written.
  @inline(__always)
  func run(_ start: Int, _ length: Int) -> UnsafeMutablePointer<Element> {
    precondition(start >= 0 && length > 0 && start + length <= count)
    return unsafe base + start
  }

  /// All elements, to be written.
  func withSpan(_ body: (inout MutableSpan<Element>) throws -> Void) rethrows {
    try withSpan(0..<count, body)
  }

  /// Some elements, to be written.
  func withSpan(
    _ range: Range<Int>, _ body: (inout MutableSpan<Element>) throws -> Void
  ) rethrows {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    var span = unsafe MutableSpan(_unsafeStart: base + range.lowerBound, count: range.count)
    try body(&span)
  }

  /// The elements from one on; whoever calls has checked how many there are.
  @inline(__always)
  func withRow(_ start: Int, _ body: (UnsafeMutablePointer<Element>) -> Void) {
    precondition(start >= 0 && start < count)
    unsafe body(base + start)
  }
}
