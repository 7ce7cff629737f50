import Testing

@testable import Inference

/// Tensors stretched to each other.
@Suite struct BroadcastTests {
  @Test(arguments: [
    ([2, 3], [2, 3], [2, 3]), ([2, 3], [3], [2, 3]), ([2, 1], [1, 3], [2, 3]), ([], [4], [4]),
    ([2, 1, 3], [4, 1], [2, 4, 3]), ([0, 3], [1, 3], [0, 3]), ([], [], []),
  ])
  func sums(_ a: [Int], _ b: [Int], _ shape: [Int]) throws {
    let left = (0..<a.product).map { Float($0) }
    let right = (0..<b.product).map { Float(100 * $0) }
    let answer = try GraphSamples.read(
      Arithmetic(kind: .add).compute(
        GraphInputs([GraphSamples.floats(a, left), GraphSamples.floats(b, right)]),
        GraphSamples.context))
    #expect(answer.shape == shape)
    // Place by place, as the definition has it.
    var position = [Int](repeating: 0, count: shape.count)
    for value in answer.values {
      #expect(value == left[Self.place(position, a)] + right[Self.place(position, b)])
      position.advance(in: shape)
    }
    #expect(answer.values.count == shape.product)
  }

  private static func place(_ position: [Int], _ shape: [Int]) -> Int {
    let own = position.suffix(shape.count)
    return zip(zip(own, shape), Broadcast.strides(shape)).reduce(0) { sum, next in
      next.0.1 == 1 ? sum : sum + next.0.0 * next.1
    }
  }

  @Test func whatDoesNotFitIsRefused() {
    #expect(throws: GraphError.self) { try Broadcast([[2, 3], [2]]) }
  }
}
