/// Why no code can be generated: where in the .proto files, what is wrong, what to do.
struct GenerationError: Error, CustomStringConvertible {
  let place: String
  let reason: String

  init(_ place: String, _ reason: String) {
    self.place = place
    self.reason = reason
  }

  var description: String { "\(place): \(reason)" }
}
