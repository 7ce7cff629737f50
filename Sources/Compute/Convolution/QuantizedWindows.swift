/// Convolutions with weights in int8 of images in f32.
extension Processor {
  /// Convolves images as `convolve` does. Every window is quantized by its own range as it comes,
  /// so an image's answer depends on no other image.
  ///
  /// - Parameters:
  ///   - matrix: `int8PerOutput`; of each output the taps in order, each with its channels.
  ///   - pool: where the memory of some windows comes from.
  func convolveQuantized(
    _ x: FloatRows, by matrix: PackedMatrix, _ windows: FloatWindows, epilogue: Epilogue,
    into output: FloatRows, pool: MemoryPool?, pixels: Range<Int>
  ) {
    // Enough at once for all threads, and few enough to stay in the cache.
    let piece = max(64, 300_000 / matrix.inputs)
    let rows = FloatRows()
    let activations = Activations(pool: pool)
    for first in stride(from: pixels.lowerBound, to: pixels.upperBound, by: piece) {
      let range = first..<min(pixels.upperBound, first + piece)
      gather(x, windows, pixels: range, into: rows)
      activations.load(rows)
      multiply(
        activations, by: matrix, into: output.slice(range), epilogue: epilogue.slice(range))
    }
  }

  /// What lies under the kernel at some pixels, counted over all images: [pixels × taps · run].
  private func gather(
    _ x: FloatRows, _ windows: FloatWindows, pixels: Range<Int>, into output: FloatRows
  ) {
    let (taps, run, each) = (windows.taps, windows.run, windows.shape.pixels)
    output.reshape(rows: pixels.count, columns: taps * run)
    self.run(count: pixels.count, cost: taps * run) { range in
      for index in range {
        let (image, pixel) = (pixels.lowerBound + index).quotientAndRemainder(dividingBy: each)
        let (source, target) = unsafe (x.pointer(row: image), output.pointer(row: index))
        for tap in 0..<taps {
          let offset = windows.offsets[pixel * taps + tap]
          let place = unsafe target + tap * run
          if offset == .min {
            unsafe place.update(repeating: 0, count: run)
          } else {
            unsafe place.update(from: source + Int(offset), count: run)
          }
        }
      }
    }
  }
}

extension Epilogue {
  /// The same of some of the rows.
  fileprivate func slice(_ range: Range<Int>) -> Epilogue {
    switch self {
    case .store, .gelu, .clamp(_, adding: nil): self
    case .add(let rows): .add(rows.slice(range))
    case .siluGate(let rows): .siluGate(rows.slice(range))
    case .clamp(let bounds, let rows?): .clamp(bounds, adding: rows.slice(range))
    }
  }
}
