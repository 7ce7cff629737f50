internal import EventLoop
internal import Images
internal import Metrics
internal import Threads

/// What no loop should do, by kind: a picture waits for pictures alone, a text for texts.
struct SideThreads: Sendable {
  /// And for the like: large tensors, many rows.
  let longTexts: SideThread
  /// What reads how large pictures are, which in the worst case takes all their bytes.
  let headers: SideThread
  let pictures: PictureThreads

  init(_ configuration: ServerConfiguration, metrics: Registry) throws(ThreadError) {
    longTexts = try SideThread(limit: configuration.longTexts)
    headers = try SideThread(.pictureHeaders, limit: configuration.pictures.requests)
    pictures = try PictureThreads(
      configuration.pictures, largest: configuration.images.pixels,
      cores: EventLoopGroup.coreCount, metrics: PictureMetrics(metrics))
  }

  func stop() {
    longTexts.stop()
    headers.stop()
    pictures.stop()
  }
}
