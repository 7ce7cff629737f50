internal import CExpat

/// One of S3's XML answers: a listing (ListObjectsV2) or an error.
struct S3Document: Equatable {
  var objects: [StoredObject] = []
  /// Where the listing goes on; nil at its end.
  var next: String?
  /// Of an error.
  var code = ""
  var message = ""

  /// - Throws: `.damaged` when it is neither, or not XML.
  init(_ bytes: [UInt8]) throws(ObjectStoreError) {
    let reader = S3DocumentReader()
    guard let parser = unsafe XML_ParserCreate(nil) else { throw Self.damaged("no memory") }
    defer { unsafe XML_ParserFree(parser) }
    unsafe XML_SetUserData(parser, Unmanaged.passUnretained(reader).toOpaque())
    unsafe XML_SetElementHandler(parser, elementBegins, elementEnds)
    unsafe XML_SetCharacterDataHandler(parser, textComes)
    // No document of S3's has one, and what it could declare is trouble.
    unsafe XML_SetStartDoctypeDeclHandler(parser, doctypeBegins)
    let status = unsafe bytes.withUnsafeBytes { bytes in
      unsafe XML_Parse(
        parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), 1)
    }
    withExtendedLifetime(reader) {}
    guard status == XML_STATUS_OK, !reader.isHostile else {
      let reason = unsafe XML_ErrorString(XML_GetErrorCode(parser)).map {
        unsafe String(cString: $0)
      }
      throw Self.damaged(reader.isHostile ? "a document type" : reason ?? "unknown")
    }
    guard reader.root == "ListBucketResult" || reader.root == "Error" else {
      throw Self.damaged("a document '\(reader.root.prefix(40))'")
    }
    self = reader.document
  }

  init() {}

  private static func damaged(_ what: String) -> ObjectStoreError {
    ObjectStoreError(.damaged, "the answer is not S3's XML: \(what)")
  }
}

/// Follows the elements of a document and keeps what is wanted of it.
private final class S3DocumentReader {
  var document = S3Document()
  var isHostile = false
  private(set) var root = ""
  private var path: [String] = []
  private var text = ""
  private var key = ""
  private var size = ""
  private var tag = ""
  private var isTruncated = false
  private var token: String?

  /// Bytes of one element's text; keys have at most 1024.
  private static let textLimit = 16_384

  func begin(_ name: String) {
    if path.isEmpty { root = name }
    path.append(name)
    text = ""
  }

  func add(_ more: String) {
    if text.utf8.count < Self.textLimit { text += more }
  }

  func end() {
    let place = path.dropFirst().joined(separator: "/")
    switch (root, place) {
    case ("ListBucketResult", "Contents/Key"): key = text
    case ("ListBucketResult", "Contents/Size"): size = text
    case ("ListBucketResult", "Contents/ETag"): tag = text
    case ("ListBucketResult", "Contents"):
      if let bytes = Int(size), bytes >= 0 {
        let bare = String(tag.filter { $0 != "\"" })
        document.objects.append(StoredObject(key: key, size: bytes, tag: bare))
      }
      (key, size, tag) = ("", "", "")
    case ("ListBucketResult", "IsTruncated"): isTruncated = text == "true"
    case ("ListBucketResult", "NextContinuationToken"): token = text
    case ("ListBucketResult", ""): document.next = isTruncated ? token : nil
    case ("Error", "Code"): document.code = text
    case ("Error", "Message"): document.message = text
    default: break
    }
    path.removeLast()
    text = ""
  }
}

// expat's callbacks. Functions, not closures; the context is the reader, which outlives the parser.

@unsafe
private func reader(_ context: UnsafeMutableRawPointer?) -> S3DocumentReader? {
  guard let context = unsafe context else { return nil }
  return unsafe Unmanaged<S3DocumentReader>.fromOpaque(context).takeUnretainedValue()
}

private func elementBegins(
  _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?,
  _ attributes: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) {
  guard let name = unsafe name else { return }
  unsafe reader(context)?.begin(unsafe String(cString: name))
}

private func elementEnds(_ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?) {
  unsafe reader(context)?.end()
}

private func textComes(
  _ context: UnsafeMutableRawPointer?, _ text: UnsafePointer<CChar>?, _ count: Int32
) {
  let bytes = unsafe UnsafeRawBufferPointer(start: text, count: Int(count))
  unsafe reader(context)?.add(unsafe String(decoding: bytes, as: UTF8.self))
}

private func doctypeBegins(
  _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?,
  _ system: UnsafePointer<CChar>?, _ identifier: UnsafePointer<CChar>?, _ hasSubset: Int32
) {
  unsafe reader(context)?.isHostile = true
}
