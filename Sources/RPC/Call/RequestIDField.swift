internal import Bytes
internal import Messages

/// `x-request-id`: by it callers, proxies and logs speak of the same call.
enum RequestIDField {
  private static let name = "x-request-id"

  /// What the client calls the call. Proxies add the field without the caller's doing, so one that
  /// cannot be sent back is no reason to refuse: it is passed over.
  static func read(_ metadata: Metadata) -> String? {
    metadata[name].flatMap { canBeSent($0) ? $0 : nil }
  }

  /// Adds the field unless the handler has; an id out of a message may be text that no header
  /// holds.
  static func append(_ id: String, to metadata: inout Metadata) {
    guard canBeSent(id), !metadata.entries.contains(where: { $0.name == name }) else { return }
    metadata.append(name, id, changes: true)
  }

  private static func canBeSent(_ id: String) -> Bool {
    (1...CallContext.requestIDLimit).contains(id.utf8.count)
      && ASCIIText.isPrintable(id)
  }
}
