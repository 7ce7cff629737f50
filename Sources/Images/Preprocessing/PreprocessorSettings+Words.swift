extension PreprocessorSettings: CustomStringConvertible {
  /// In words, for people: what is done to a picture, in the order in which it is done.
  package var description: String {
    var steps: [String] = []
    switch resizing {
    case .none: break
    case .exact(let size): steps.append("resized to \(size) (\(filter))")
    case .shortestEdge(let edge): steps.append("shorter side to \(edge) (\(filter))")
    }
    if let crop { steps.append("middle of \(crop)") }
    steps.append(channels.rawValue.uppercased())
    if scale != 1 { steps.append(scale == 1 / 255 ? "divided by 255" : "times \(scale)") }
    if let normalisation {
      steps.append("mean \(Self.list(normalisation.mean))")
      steps.append("deviation \(Self.list(normalisation.deviation))")
    }
    return steps.joined(separator: ", ")
  }

  private static func list(_ numbers: [Float]) -> String {
    numbers.map { "\($0)" }.joined(separator: " ")
  }
}
