internal import Bytes
internal import Compute
package import Models

/// A tensor as graphs compute with it: row-major, aligned, written once by whoever makes it.
///
/// Types of less than a byte have a byte for each element here. Truth values are 0 or 1.
///
/// `@unchecked Sendable`: the memory is written only by the maker, before it hands the tensor on.
@safe
package final class GraphTensor: @unchecked Sendable {
  package let elementType: ONNXElementType
  package let shape: [Int]
  package let count: Int
  /// The elements of a tensor of texts; else empty.
  package let strings: [[UInt8]]
  let base: UnsafeMutableRawPointer
  /// What keeps the memory, where it is not this tensor's own: a file or another tensor.
  private let owner: AnyObject?
  private let budget: MemoryBudget?
  private let charged: Int
  /// What a tensor takes besides its elements: many small ones are as dear as a large one.
  static let overhead = 192
  /// What a text takes besides its bytes.
  static let textOverhead = 48

  /// Zeros, unless whoever makes it writes every element (`isCleared` false).
  package init(
    _ type: ONNXElementType, _ shape: [Int], _ budget: MemoryBudget, isCleared: Bool = true
  ) throws {
    let count = try Self.count(shape, limit: budget.elementLimit)
    guard let size = type.storedSize else { throw GraphError("\(type.name) is not computed with") }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else { throw GraphError("the shape \(shape) is too large") }
    try budget.take(bytes + Self.overhead)
    elementType = type
    self.shape = shape
    self.count = count
    self.budget = budget
    charged = bytes
    owner = nil
    strings = []
    unsafe base = budget.pool.take(bytes)
    if isCleared { unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes) }
  }

  package init(strings: [[UInt8]], _ shape: [Int], _ budget: MemoryBudget) throws {
    let count = try Self.count(shape, limit: budget.elementLimit)
    precondition(count == strings.count)
    let bytes = strings.reduce(0) { $0 + Self.textOverhead + $1.count }
    try budget.take(bytes + Self.overhead)
    elementType = .string
    self.shape = shape
    self.count = count
    self.strings = strings
    self.budget = budget
    charged = bytes
    owner = nil
    unsafe base = budget.pool.take(0)
  }

  /// The same elements in another shape, or as another type of the same size.
  init(_ other: GraphTensor, shape: [Int], as type: ONNXElementType? = nil) {
    precondition(shape.reduce(1, *) == other.count)
    elementType = type ?? other.elementType
    self.shape = shape
    count = other.count
    strings = other.strings
    owner = other.owner ?? other
    budget = nil
    charged = 0
    unsafe base = other.base
  }

  /// Elements that lie in a file, which is kept. Whoever calls has checked size and alignment.
  init(_ tensor: ONNXTensor, at address: UnsafeRawPointer) {
    elementType = tensor.elementType
    shape = tensor.shape
    count = tensor.elementCount
    strings = []
    owner = tensor.data.file
    budget = nil
    charged = 0
    unsafe base = UnsafeMutableRawPointer(mutating: address)
  }

  deinit {
    guard let budget else { return }
    unsafe budget.pool.giveBack(base, elementType == .string ? 0 : charged)
    budget.release(charged + Self.overhead)
  }

  package var rank: Int { shape.count }

  /// What its bytes are charged to; nil of those that lie in a file.
  package var payer: MemoryBudget? { budget ?? (owner as? GraphTensor)?.payer }

  /// The elements as they lie there.
  package func values<Element: BitwiseCopyable>(_: Element.Type) -> GraphValues<Element> {
    precondition(elementType.storedSize == MemoryLayout<Element>.size)
    return unsafe GraphValues(self, base.assumingMemoryBound(to: Element.self))
  }

  package var bytes: RawSpan {
    @_lifetime(borrow self) get {
      let size = count * (elementType.storedSize ?? 0)
      return unsafe _overrideLifetime(
        RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: size), borrowing: self)
    }
  }

  /// The number of elements of a shape.
  package static func count(_ shape: [Int], limit: Int) throws -> Int {
    guard shape.count <= 32 else { throw GraphError("a value of \(shape.count) dimensions") }
    var product = 1
    for dimension in shape {
      guard dimension >= 0 else { throw GraphError("the shape \(shape) has a negative size") }
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, dimension))
      guard !overflow, next <= limit else {
        throw GraphError("the shape \(shape) is over the limit of \(limit) elements")
      }
      product = next
    }
    return shape.contains(0) ? 0 : product
  }
}

extension ONNXElementType {
  /// Bytes of an element in a `GraphTensor`; nil for texts and types that nothing computes with.
  package var storedSize: Int? {
    switch self {
    case .string, .complex64, .complex128, .float6e2m3, .float6e3m2: nil
    case .uint4, .int4, .float4e2m1, .uint2, .int2: 1
    default: size
    }
  }
}
