internal import Metrics

/// Figures of pictures that wait, are decoded and are refused.
final class PictureMetrics: Sendable {
  let decoded: Counter
  private let refusals: Family<Counter>
  private let registry: Registry

  init(_ registry: Registry) {
    self.registry = registry
    decoded = registry.counter(
      "apus_pictures_decoded_total", help: "Pictures that were decoded, also those that failed.")
    refusals = registry.counters(
      "apus_picture_refusals_total", help: "Requests refused for their pictures, by the limit.",
      labels: ["limit"])
  }

  func refused(_ limit: PictureLimit) { refusals.with(limit.rawValue).increment() }

  /// - Parameter waiting: what waits now.
  func watch(_ waiting: @escaping @Sendable () -> (pictures: Int, pixels: Int)) {
    registry.sampled(
      "apus_pictures_waiting", help: "Pictures that wait to be decoded.", kind: .gauge
    ) { Double(waiting().pictures) }
    registry.sampled(
      "apus_picture_waiting_pixels", help: "Pixels of pictures that wait to be decoded.",
      kind: .gauge
    ) { Double(waiting().pixels) }
  }
}
