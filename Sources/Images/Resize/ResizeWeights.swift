internal import CImages

/// For each pixel of a row that is made, which pixels it is made of and what each counts for.
///
/// As in Pillow: the filter is stretched by the scale where a picture shrinks, weights are rounded
/// to 22 binary places, and what would lie outside of the picture is left out of the sum.
struct ResizeWeights {
  private(set) var first: [Int32] = []
  private(set) var count: [Int32] = []
  /// [outputs][stride]
  private(set) var values: [Int32]
  let stride: Int

  /// - Parameters:
  ///   - inputs: pixels of the whole row.
  ///   - outputs: pixels of the whole row that it becomes.
  ///   - window: which of them are wanted.
  init(_ filter: ResizeFilter, from inputs: Int, to outputs: Int, window: Range<Int>) {
    let scale = Double(inputs) / Double(outputs)
    let stretch = max(scale, 1)
    let reach = filter.reach * stretch
    stride = (min(Int(reach.rounded(.up)) * 2 + 1, inputs) + 3) / 4 * 4
    values = [Int32](repeating: 0, count: window.count * stride)
    first.reserveCapacity(window.count)
    count.reserveCapacity(window.count)
    var weights: [Double] = []
    for output in window {
      let centre = (Double(output) + 0.5) * scale
      let start = max(Int(centre - reach + 0.5), 0)
      let end = min(Int(centre + reach + 0.5), inputs)
      weights.removeAll(keepingCapacity: true)
      var sum = 0.0
      for input in start..<end {
        let weight = filter.weight((Double(input) - centre + 0.5) * (1 / stretch))
        weights.append(weight)
        sum += weight
      }
      let place = (output - window.lowerBound) * stride
      for (index, weight) in weights.enumerated() {
        let share = (sum == 0 ? weight : weight / sum) * Double(1 << CI_WEIGHT_BITS)
        values[place + index] = Int32(share < 0 ? share - 0.5 : share + 0.5)
      }
      first.append(Int32(start))
      count.append(Int32(weights.count))
    }
  }

  var outputs: Int { first.count }

  /// The inputs that any output needs.
  var inputs: Range<Int> {
    // Both ends only move on from one output to the next.
    guard let start = first.first, let last = first.last, let size = count.last else {
      return 0..<0
    }
    return Int(start)..<Int(last + size)
  }

  /// The same of inputs from `start` on alone.
  mutating func shift(by start: Int) {
    for index in first.indices { first[index] -= Int32(start) }
  }

  func withC(_ body: (UnsafePointer<ci_weights>) -> Void) {
    unsafe first.withUnsafeBufferPointer { first in
      unsafe count.withUnsafeBufferPointer { count in
        unsafe values.withUnsafeBufferPointer { values in
          var weights = unsafe ci_weights(
            first: first.baseAddress, count: count.baseAddress, values: values.baseAddress,
            stride: stride, outputs: first.count)
          unsafe body(&weights)
        }
      }
    }
  }
}
