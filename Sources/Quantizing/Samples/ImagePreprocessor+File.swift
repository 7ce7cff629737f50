internal import Bytes
package import Images
internal import JSON

extension ImagePreprocessor {
  /// As the file says; nil where there is none.
  package init?(file path: String) throws(QuantizationError) {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try SmallFile.bytes(path, limit: 1 << 20)
    } catch {
      if error.isMissing { return nil }
      throw QuantizationError("\(error)")
    }
    do {
      let settings = try unsafe PreprocessorSettings(JSONDocument(bytes.span.bytes).root)
      try self.init(settings)
    } catch { throw QuantizationError("\(path): \(error)") }
  }
}
