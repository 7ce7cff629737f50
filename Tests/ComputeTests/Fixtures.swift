import CKernels
import Compute
import Foundation
import TestSupport

extension SeededGenerator {
  mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  mutating func float(_ magnitude: Float = 1) -> Float {
    (Float(next() >> 40) / Float(1 << 24) * 2 - 1) * magnitude
  }

  mutating func floats(_ count: Int, _ magnitude: Float = 1) -> [Float] {
    (0..<count).map { _ in float(magnitude) }
  }
}

/// Tiers that this machine runs, the oracle first.
let tiersHere = KernelTier.allCases.filter(\.isSupported)
let vectorTiers = tiersHere.filter { $0 != .scalar }

extension FloatRows {
  convenience init(random rows: Int, _ columns: Int, seed: UInt64, magnitude: Float = 1) {
    var random = SeededGenerator(seed: seed)
    self.init(rows: rows, columns: columns, random.floats(rows * columns, magnitude))
  }

  /// The bits of every value: equality to the last one, NaN included.
  var bits: [UInt32] { (0..<rows).flatMap { row($0).map(\.bitPattern) } }

  /// Rows `range` as rows of their own.
  func part(_ range: Range<Int>) -> FloatRows {
    FloatRows(rows: range.count, columns: columns, range.flatMap { row($0) })
  }
}

extension ByteImages {
  /// [images][height][width][channels] of any bytes.
  convenience init(
    random images: Int, _ height: Int, _ width: Int, _ channels: Int, zero: UInt8,
    border: ImageBorder? = nil, seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    self.init(height: height, width: width, channels: channels, zero: zero, border: border)
    fill(images: images, &random)
  }

  func fill(images: Int, _ random: inout SeededGenerator) {
    reshape(images: images)
    for image in 0..<images {
      for pixel in 0..<height * width {
        for channel in 0..<channels {
          self[image: image, pixel: pixel, channel: channel] = UInt8(random.integer(0...255))
        }
      }
    }
  }

  /// [images][pixels][channels]
  var values: [UInt8] {
    (0..<images).flatMap { image in
      (0..<height * width).flatMap { pixel in
        (0..<channels).map { self[image: image, pixel: pixel, channel: $0] }
      }
    }
  }
}

/// Q8_0 bytes of random blocks, extremes included.
func randomQ8(rows: Int, columns: Int, seed: UInt64) -> [UInt8] {
  var random = SeededGenerator(seed: seed)
  var bytes: [UInt8] = []
  for _ in 0..<rows * columns / 32 {
    let scale = Float16(abs(random.float(0.01)) + 1e-4)
    bytes.append(UInt8(truncatingIfNeeded: scale.bitPattern))
    bytes.append(UInt8(truncatingIfNeeded: scale.bitPattern >> 8))
    for _ in 0..<32 {
      let value =
        random.integer(0...9) == 0
        ? [-128, 127][random.integer(0...1)]
        : random.integer(-128...127)
      bytes.append(UInt8(truncatingIfNeeded: value))
    }
  }
  return bytes
}

/// Bytes of floats stored as the given type (not Q8_0).
func stored(_ values: [Float], as type: WeightType) -> [UInt8] {
  values.flatMap { value -> [UInt8] in
    switch type {
    case .f32: withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    case .f16: withUnsafeBytes(of: Float16(value).bitPattern.littleEndian) { Array($0) }
    default:
      withUnsafeBytes(of: UInt16(value.bitPattern >> 16).littleEndian) { Array($0) }
    }
  }
}

/// Largest |a − b| in units of (1 + |b|).
func distance(_ a: FloatRows, _ b: FloatRows) -> Float {
  guard a.rows == b.rows, a.columns == b.columns else { return .infinity }
  var largest: Float = 0
  for row in 0..<a.rows {
    for (x, y) in zip(a.row(row), b.row(row)) {
      let difference = abs(x - y) / (1 + abs(y))
      largest = difference.isNaN ? .infinity : max(largest, difference)
    }
  }
  return largest
}
