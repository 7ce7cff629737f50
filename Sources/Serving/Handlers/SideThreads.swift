internal import Threads

/// What no loop should do, by kind: a picture waits for pictures alone, a text for texts.
struct SideThreads: Sendable {
  let longTexts: SideThread
  let pictures: SideThread

  init(_ configuration: ServerConfiguration) throws(ThreadError) {
    longTexts = try SideThread(.longTexts, limit: configuration.longTexts)
    pictures = try SideThread(.pictures, limit: configuration.waitingImages)
  }

  func stop() {
    longTexts.stop()
    pictures.stop()
  }
}
