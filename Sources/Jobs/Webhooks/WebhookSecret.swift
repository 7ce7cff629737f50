internal import Bytes
internal import Crypto

/// A key that webhooks are signed with (https://www.standardwebhooks.com, version 1).
package struct WebhookSecret: Sendable, Equatable, CustomStringConvertible {
  private let key: [UInt8]

  /// The secret of one owner, made from one of the server's masters: nobody can make another
  /// owner's from it.
  package init(master: [UInt8], owner: String) {
    key = SHA256.hmac(Array("webhook\0\(owner)".utf8), key: master).bytes
  }

  /// Reads `whsec_` and the key in base64; nil for anything else.
  package init?(_ text: String) {
    let prefix = "whsec_"
    guard text.hasPrefix(prefix), let key = Base64.decode(text.dropFirst(prefix.count)),
      (24...64).contains(key.count)
    else { return nil }
    self.key = key
  }

  /// Nothing of it, should it ever come into a log.
  package var description: String { "whsec_…" }

  /// What the receiver is given to check signatures with.
  package var text: String { "whsec_" + Self.base64(key) }

  /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
  package func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
    let message = Array("\(id).\(timestamp).".utf8) + body
    return "v1," + Self.base64(SHA256.hmac(message, key: key).bytes)
  }

  /// The three headers of a call: receivers take it if one of the signatures is right.
  package static func headers(
    id: String, timestamp: Int64, body: [UInt8], secrets: [WebhookSecret]
  ) -> [(name: String, value: String)] {
    let signatures = secrets.map { $0.signature(id: id, timestamp: timestamp, body: body) }
    return [
      ("webhook-id", id), ("webhook-timestamp", "\(timestamp)"),
      ("webhook-signature", signatures.joined(separator: " ")),
    ]
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    String(decoding: Base64.encode(bytes, padded: true), as: UTF8.self)
  }
}
