internal import Compute

/// What the bytes of a value stand for, and which of them there may be: an activation leaves some
/// out.
struct ByteTarget: Sendable, Equatable {
  var scale: ByteScale
  var range: ClosedRange<UInt8> = 0...255

  /// - Parameter limits: what an activation lets through.
  /// - Returns: nil where nothing is left.
  func limited(to limits: ClosedRange<Float>) -> ByteTarget? {
    let least = max(scale.byte(limits.lowerBound), range.lowerBound)
    let most = min(scale.byte(limits.upperBound), range.upperBound)
    return least <= most ? ByteTarget(scale: scale, range: least...most) : nil
  }
}
