internal import CNghttp2

/// A header list made once and sent often: the library copies neither names nor values.
///
/// `@unchecked Sendable`: the memory is written in `init` only and never freed or changed after.
@safe
package final class FixedHeaders: @unchecked Sendable {
  let fields: UnsafeBufferPointer<nghttp2_nv>

  package init(_ pairs: [(StaticString, StaticString)]) {
    let memory = UnsafeMutableBufferPointer<nghttp2_nv>.allocate(capacity: pairs.count)
    let flags = UInt8(
      NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    for (index, pair) in pairs.enumerated() {
      unsafe memory.initializeElement(
        at: index,
        to: nghttp2_nv(
          name: UnsafeMutablePointer(mutating: pair.0.utf8Start),
          value: UnsafeMutablePointer(mutating: pair.1.utf8Start),
          namelen: pair.0.utf8CodeUnitCount, valuelen: pair.1.utf8CodeUnitCount, flags: flags))
    }
    unsafe fields = UnsafeBufferPointer(memory)
  }
}
