internal import Glibc

/// How a pixel is made of those around its place: Pillow's filters, by its numbers.
package enum ResizeFilter: Int, Sendable, CaseIterable {
  case nearest = 0
  case lanczos
  case bilinear
  case bicubic
  case box
  case hamming

  /// How far it reaches to either side, in pixels of the picture that is made.
  var reach: Double {
    switch self {
    case .nearest, .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// What a pixel at distance `x` counts for.
  func weight(_ x: Double) -> Double {
    let distance = abs(x)
    switch self {
    case .nearest, .box: return x > -0.5 && x <= 0.5 ? 1 : 0
    case .bilinear: return distance < 1 ? 1 - distance : 0
    case .hamming:
      if distance == 0 { return 1 }
      if distance >= 1 { return 0 }
      let angle = distance * Double.pi
      return sin(angle) / angle * (0.54 + 0.46 * cos(angle))
    case .bicubic:
      // Keys' cubic convolution with a = −0.5.
      if distance < 1 { return (1.5 * distance - 2.5) * distance * distance + 1 }
      if distance < 2 { return (((distance - 5) * distance + 8) * distance - 4) * -0.5 }
      return 0
    case .lanczos: return x >= -3 && x < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
    }
  }

  private static func sinc(_ x: Double) -> Double {
    if x == 0 { return 1 }
    let angle = x * Double.pi
    return sin(angle) / angle
  }
}
