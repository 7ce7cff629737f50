/// Bounds on what pictures may take of a server while they wait and while they are decoded.
package struct PictureBounds: Sendable, Equatable {
  /// Threads that decode; nil takes as many as there are cores, 2 to 4.
  package var threads: Int?
  /// Requests with pictures that wait at most; `--max-waiting-images`.
  package var requests = 64
  /// Pixels of all pictures that wait; `--max-waiting-pixels`.
  package var waitingPixels = 512 << 20
  /// Pixels of all pictures of one request; `--max-request-pixels`.
  package var requestPixels = 256 << 20

  package init() {}

  func threads(cores: Int) -> Int { threads ?? min(max(2, cores), 4) }
}

/// The name of a bound wherever people meet it: as a flag, in errors and in metrics.
enum PictureLimit: String, Sendable, CaseIterable {
  case requests = "max-waiting-images"
  case waitingPixels = "max-waiting-pixels"
  case requestPixels = "max-request-pixels"
}
