internal import Bytes
package import Images
internal import JSON
package import Models

extension ImagePreprocessor {
  /// As the file says; nil where there is none.
  ///
  /// - Parameter input: what takes the pictures; where it has its channels last, so have they.
  package init?(file path: String, for input: ONNXValueInfo? = nil) throws(QuantizationError) {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try SmallFile.bytes(path, limit: 1 << 20)
    } catch {
      if error.isMissing { return nil }
      throw QuantizationError("\(error)")
    }
    do {
      var settings = try unsafe PreprocessorSettings(JSONDocument(bytes.span.bytes).root)
      if case .tensor(_, let shape?)? = input?.type, shape.count == 4 {
        let isChannel = shape.map { $0 == .fixed(1) || $0 == .fixed(3) }
        if !isChannel[1], isChannel[3] { settings.layout = .channelsLast }
      }
      try self.init(settings)
    } catch { throw QuantizationError("\(path): \(error)") }
  }
}
