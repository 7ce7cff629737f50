package import Bytes

/// Constant values of a model: an initializer or an attribute's tensor, row-major, little-endian.
///
/// The shape and the size of the data are checked to fit each other.
package struct ONNXTensor: Sendable {
  package let name: String
  package let elementType: ONNXElementType
  package let shape: [Int]
  /// Exactly the values: a piece of the mapped model or of its external data, or memory of their
  /// own. The address need not be aligned. Empty for texts.
  package let data: FileRegion
  /// The elements of a tensor of texts, which need not be UTF-8; else empty.
  package let strings: [[UInt8]]

  package init(name: String, elementType: ONNXElementType, shape: [Int], data: FileRegion) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.data = data
    strings = []
  }

  /// A tensor of texts.
  package init(name: String, shape: [Int], strings: [[UInt8]]) {
    self.name = name
    self.elementType = .string
    self.shape = shape
    self.data = MappedFile(contents: [], name: name).region
    self.strings = strings
  }

  /// Values that stand in no file.
  package init(name: String, elementType: ONNXElementType, shape: [Int], bytes: [UInt8]) {
    self.init(
      name: name, elementType: elementType, shape: shape,
      data: MappedFile(contents: bytes, name: name).region)
  }

  /// Values in all; one for a scalar, whose shape is empty.
  package var elementCount: Int { shape.reduce(1, *) }

  package var bytes: RawSpan {
    @_lifetime(borrow self) get {
      let all = data.bytes
      return unsafe _overrideLifetime(all, borrowing: self)
    }
  }
}
