/// How the tests were built: debug builds compile the kernels unoptimised, so heavy tests shrink.
enum Build {
  static let isOptimised: Bool = {
    #if DEBUG
      false
    #else
      true
    #endif
  }()
}
