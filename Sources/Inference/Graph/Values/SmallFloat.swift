internal import Models

/// Floats of a byte and less, by their formats (OCP 8-bit floating point, and the variants without
/// a negative zero).
struct SmallFloat {
  let exponentBits: Int
  let fractionBits: Int
  let bias: Int
  /// One zero, one not-a-number: the sign bit alone.
  let isUnsignedZero: Bool
  let hasInfinity: Bool
  let hasNaN: Bool

  init?(_ type: ONNXElementType) {
    switch type {
    case .float8e4m3fn: self.init(4, 3, 7)
    case .float8e4m3fnuz: self.init(4, 3, 8, isUnsignedZero: true)
    case .float8e5m2: self.init(5, 2, 15, hasInfinity: true)
    case .float8e5m2fnuz: self.init(5, 2, 16, isUnsignedZero: true)
    case .float4e2m1: self.init(2, 1, 1, hasNaN: false)
    default: return nil
    }
  }

  private init(
    _ exponentBits: Int, _ fractionBits: Int, _ bias: Int, isUnsignedZero: Bool = false,
    hasInfinity: Bool = false, hasNaN: Bool = true
  ) {
    self.exponentBits = exponentBits
    self.fractionBits = fractionBits
    self.bias = bias
    self.isUnsignedZero = isUnsignedZero
    self.hasInfinity = hasInfinity
    self.hasNaN = hasNaN
  }

  private var signBit: Int { 1 << (exponentBits + fractionBits) }
  private var notANumber: Int {
    isUnsignedZero ? signBit : signBit - 1
  }
  /// The bits of the largest finite number.
  private var largest: Int {
    hasInfinity
      ? (signBit - 1) - (1 << fractionBits)
      : isUnsignedZero || !hasNaN ? signBit - 1 : signBit - 2
  }

  func float(_ byte: UInt8) -> Float {
    let bits = Int(byte)
    let magnitude = bits & (signBit - 1)
    let sign: Float = bits & signBit != 0 ? -1 : 1
    if isUnsignedZero && bits == signBit { return .nan }
    if magnitude > largest {
      return hasInfinity && magnitude == largest + 1 ? sign * .infinity : .nan
    }
    return sign * value(magnitude)
  }

  private func value(_ magnitude: Int) -> Float {
    let exponent = magnitude >> fractionBits
    let fraction = magnitude & ((1 << fractionBits) - 1)
    let unit = Float(sign: .plus, exponent: max(exponent, 1) - bias - fractionBits, significand: 1)
    return Float(exponent == 0 ? fraction : fraction + (1 << fractionBits)) * unit
  }

  /// Rounded to the nearest, half to even. Too large a number becomes the largest if `saturate`,
  /// else infinity or, where there is none, not a number.
  func byte(_ x: Float, saturate: Bool) -> UInt8 {
    if x.isNaN { return UInt8(hasNaN ? notANumber : 0) }
    let sign = x.sign == .minus ? signBit : 0
    let magnitude = abs(x)
    let top = value(largest)
    // Numbers up to half a step above the largest round to it.
    let step = top - value(largest - 1)
    if magnitude.isInfinite || magnitude >= top + step / 2 {
      if saturate || !hasNaN {
        return UInt8(sign | largest)
      }
      return UInt8(
        hasInfinity ? sign | (largest + 1) : isUnsignedZero ? notANumber : sign | notANumber)
    }
    let exponent = max(magnitude == 0 ? 1 - bias : Int(magnitude.exponent), 1 - bias)
    let unit = Float(sign: .plus, exponent: exponent - fractionBits, significand: 1)
    let steps = Int((magnitude / unit).rounded(.toNearestOrEven))
    let bits = min(steps + ((exponent + bias - 1) << fractionBits), largest)
    if bits == 0 && isUnsignedZero { return 0 }
    return UInt8(sign | bits)
  }
}
