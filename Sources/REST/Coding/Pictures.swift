internal import Bytes
internal import JSON
internal import Messages

extension ApusV1.Image {
  /// `image`: base64, in lines or not, or a data URL (RFC 2397) whose media type then counts.
  init(_ fields: Fields) throws(FieldError) {
    self.init()
    guard let member = fields.member("image") else { return }
    guard member.kind == .string else { throw fields.unexpected("image", member, "a string") }
    contentType = try fields.string("content_type") ?? ""
    guard let text = member.utf8 else { return }
    // A picture of megabytes is no string that anybody would want a copy of.
    let head = PictureText(text)
    switch head.form {
    case .base64: break
    case .dataURL(let type):
      if contentType.isEmpty { contentType = type }
      guard type.isEmpty || type.lowercased() == contentType.lowercased() else {
        throw fields.error(
          "content_type", "is not what the data URL says, \(type.prefix(64))")
      }
    case .otherData:
      throw fields.error("image", "expected a data URL in base64: data:image/png;base64,…")
    case .address:
      throw fields.error(
        "image",
        "is an address; this server fetches no pictures for its callers, as that would let them "
          + "reach whatever it can reach: send the picture itself, in base64 or as a data URL "
          + "(data:image/png;base64,…)")
    }
    let data = unsafe text.withUnsafeBytes { bytes in
      unsafe Base64.decode(inLines: UnsafeRawBufferPointer(rebasing: bytes[head.size...]))
    }
    guard let data, !data.isEmpty else {
      throw fields.error("image", "is not base64, or is empty")
    }
    self.data = data
  }
}

/// What stands before the base64 of a picture.
private struct PictureText {
  enum Form {
    case base64
    case dataURL(String)
    /// A data URL in something else than base64.
    case otherData
    /// Of somewhere else.
    case address
  }

  private(set) var form = Form.base64
  /// Bytes before the base64.
  private(set) var size = 0

  /// Bytes in which a data URL must come to its comma.
  private static let longest = 256

  init(_ text: Span<UInt8>) {
    let start = unsafe text.extracting(first: Self.longest).withUnsafeBufferPointer {
      unsafe String(decoding: $0, as: UTF8.self)
    }
    let lowered = start.lowercased()
    if ["http://", "https://"].contains(where: { lowered.hasPrefix($0) }) { form = .address }
    guard lowered.hasPrefix("data:") else { return }
    let comma = (0..<min(Self.longest, text.count)).first { text[$0] == UInt8(ascii: ",") }
    guard let comma, let end = lowered.firstIndex(of: ","),
      lowered[..<end].hasSuffix(";base64")
    else {
      form = .otherData
      return
    }
    size = comma + 1
    let address = start.prefix { $0 != "," }
    form = .dataURL(String(address.dropFirst("data:".count).dropLast(";base64".count)))
  }
}
