internal import Glibc
package import Models

/// A number that operators compute with; arithmetic of integers wraps.
package protocol GraphNumber: BitwiseCopyable, Comparable, Sendable {
  static var type: ONNXElementType { get }
  static var zero: Self { get }
  static var one: Self { get }
  static var lowest: Self { get }
  static var highest: Self { get }
  static var isInteger: Bool { get }
  static func sum(_ a: Self, _ b: Self) -> Self
  static func difference(_ a: Self, _ b: Self) -> Self
  static func product(_ a: Self, _ b: Self) -> Self
  /// 0 where an integer is divided by 0.
  static func quotient(_ a: Self, _ b: Self) -> Self
  var double: Double { get }
  /// Two's complement of 64 bits; of a float what is left without its fraction.
  var int64: Int64 { get }
  init(int64: Int64)
  /// Integers lose the fraction and end at their bounds.
  init(double: Double)
}

extension GraphNumber where Self: FixedWidthInteger {
  package static var one: Self { 1 }
  package static var lowest: Self { .min }
  package static var highest: Self { .max }
  package static var isInteger: Bool { true }
  package static func sum(_ a: Self, _ b: Self) -> Self { a &+ b }
  package static func difference(_ a: Self, _ b: Self) -> Self { a &- b }
  package static func product(_ a: Self, _ b: Self) -> Self { a &* b }
  package static func quotient(_ a: Self, _ b: Self) -> Self {
    b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
  }
  package var double: Double { Double(self) }
  package var int64: Int64 { Int64(truncatingIfNeeded: self) }
  package init(int64: Int64) { self.init(truncatingIfNeeded: int64) }
  package init(double: Double) {
    if double.isNaN {
      self = 0
    } else if double >= Double(Self.max) {
      self = .max
    } else if double <= Double(Self.min) {
      self = .min
    } else {
      self.init(double)
    }
  }
}

extension GraphNumber where Self: BinaryFloatingPoint {
  package static var one: Self { 1 }
  package static var lowest: Self { -.infinity }
  package static var highest: Self { .infinity }
  package static var isInteger: Bool { false }
  package static func sum(_ a: Self, _ b: Self) -> Self { a + b }
  package static func difference(_ a: Self, _ b: Self) -> Self { a - b }
  package static func product(_ a: Self, _ b: Self) -> Self { a * b }
  package static func quotient(_ a: Self, _ b: Self) -> Self { a / b }
  package var double: Double { Double(self) }
  package var int64: Int64 { Int64(double: Double(self)) }
  package init(int64: Int64) { self.init(int64) }
  package init(double: Double) { self.init(double) }
}

extension Float: GraphNumber { package static var type: ONNXElementType { .float } }
extension Double: GraphNumber { package static var type: ONNXElementType { .double } }
extension Int8: GraphNumber { package static var type: ONNXElementType { .int8 } }
extension Int16: GraphNumber { package static var type: ONNXElementType { .int16 } }
extension Int32: GraphNumber { package static var type: ONNXElementType { .int32 } }
extension Int64: GraphNumber { package static var type: ONNXElementType { .int64 } }
extension UInt8: GraphNumber { package static var type: ONNXElementType { .uint8 } }
extension UInt16: GraphNumber { package static var type: ONNXElementType { .uint16 } }
extension UInt32: GraphNumber { package static var type: ONNXElementType { .uint32 } }
extension UInt64: GraphNumber { package static var type: ONNXElementType { .uint64 } }

/// A number with a fraction.
package protocol GraphFloat: GraphNumber, BinaryFloatingPoint {
  static func exp(_ x: Self) -> Self
  static func log(_ x: Self) -> Self
  static func pow(_ x: Self, _ y: Self) -> Self
  static func tanh(_ x: Self) -> Self
  static func erf(_ x: Self) -> Self
  static func floor(_ x: Self) -> Self
}

extension Float: GraphFloat {
  package static func exp(_ x: Float) -> Float { expf(x) }
  package static func log(_ x: Float) -> Float { logf(x) }
  package static func pow(_ x: Float, _ y: Float) -> Float { powf(x, y) }
  package static func tanh(_ x: Float) -> Float { tanhf(x) }
  package static func erf(_ x: Float) -> Float { erff(x) }
  package static func floor(_ x: Float) -> Float { floorf(x) }
}

extension Double: GraphFloat {
  package static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  package static func log(_ x: Double) -> Double { Glibc.log(x) }
  package static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }
  package static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
  package static func erf(_ x: Double) -> Double { Glibc.erf(x) }
  package static func floor(_ x: Double) -> Double { Glibc.floor(x) }
}
