/// How an average pooling of one shape divides its sums, worked out once.
package final class AveragePlan: Sendable {
  package let plan: ConvolutionPlan
  /// What the sum of each pixel of the output is divided by: s32 [pixels]; 0 where a window holds
  /// nothing.
  let divisors: [Int32]

  /// - Parameters:
  ///   - countsPadding: divides by all places of a window, but for `overhang`.
  ///   - overhang: the part of the padding at the bottom and to the right that only stands for
  ///     windows beyond the last whole one (ONNX: ceil_mode), and never counts.
  /// - Throws: `ComputeError` as a convolution's plan.
  package init(
    _ shape: ConvolutionShape, countsPadding: Bool, overhang: (down: Int, right: Int) = (0, 0)
  ) throws(ComputeError) {
    guard (0...shape.padding.bottom).contains(overhang.down),
      (0...shape.padding.right).contains(overhang.right)
    else { throw ComputeError("what hangs over is more than the padding") }
    plan = try ConvolutionPlan(shape)
    let rows = shape.counted(
      shape.outputHeight, shape.kernel.height, shape.strides.down, shape.dilations.down,
      countsPadding
        ? 0..<shape.height + shape.padding.top + shape.padding.bottom - overhang.down
        : shape.padding.top..<shape.padding.top + shape.height)
    let columns = shape.counted(
      shape.outputWidth, shape.kernel.width, shape.strides.right, shape.dilations.right,
      countsPadding
        ? 0..<shape.width + shape.padding.left + shape.padding.right - overhang.right
        : shape.padding.left..<shape.padding.left + shape.width)
    divisors = rows.flatMap { row in columns.map { Int32(row * $0) } }
  }
}

extension ConvolutionShape {
  /// How many places of a window lie in `range`, for each window of a row or column.
  fileprivate func counted(
    _ count: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ range: Range<Int>
  ) -> [Int] {
    (0..<count).map { window in
      (0..<kernel).count { range.contains(window * stride + $0 * dilation) }
    }
  }
}
