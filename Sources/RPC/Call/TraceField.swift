internal import Messages

/// `traceparent`: by it services that call one another speak of the same trace
/// (https://www.w3.org/TR/trace-context/).
enum TraceField {
  private static let name = "traceparent"

  /// Where the client places the call; nil if nowhere. Who does so twice says nothing that could be
  /// read.
  static func read(_ metadata: Metadata) -> String? {
    var found: String?
    for entry in metadata.entries where entry.name == name {
      guard found == nil, case .text(let text) = entry.value else { return "" }
      found = text
    }
    return found
  }

  /// Adds the call's own span for a client that has placed the call.
  static func append(_ context: CallContext, to metadata: inout Metadata) {
    guard context.isTraced, !metadata.entries.contains(where: { $0.name == name }) else { return }
    metadata.append(name, context.trace.traceparent, changes: true)
  }
}
