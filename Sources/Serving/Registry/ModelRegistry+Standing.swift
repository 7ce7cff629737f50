internal import Accounts

extension ModelRegistry.Model {
  /// How a model stands as a whole.
  enum Standing: Sendable, Equatable {
    /// One of its versions answers.
    case ready
    /// None does yet.
    case loading
    /// None does, as somebody wanted.
    case unloaded
    /// None ever will: what is wrong with the model or with its newest version.
    case failed(String)
  }

  var standing: Standing {
    let wanted = VersionPlan.wanted(self)
    var isLoading = false
    var isOut = false
    for version in versions {
      switch version.state {
      case .ready: return .ready
      case .loading: isLoading = true
      case .unloaded, .unloading:
        if isHeldOut(version.number) || version.isAbsent {
          isOut = true
        } else if version.failure == nil, wanted.contains(version.number) {
          isLoading = true
        }
      case .failed: break
      }
    }
    if isLoading { return .loading }
    if isOut { return .unloaded }
    return .failed(versions.last { $0.failure != nil }?.failure ?? problem ?? "")
  }

  /// The newest version that answers.
  var latest: Int? {
    versions.last { $0.state.phase == .ready && !wishes.heldOut.contains($0.number) }?.number
  }

  func version(_ number: Int) -> ModelRegistry.Version? {
    versions.first { $0.number == number }
  }

  mutating func withVersion(_ number: Int, _ body: (inout ModelRegistry.Version) -> Void) {
    guard let index = versions.firstIndex(where: { $0.number == number }) else { return }
    body(&versions[index])
  }
}

extension ModelRegistry.Version {
  /// Why it cannot be loaded, or not yet.
  var failure: String? {
    switch (state, presence) {
    case (.failed(let reason), _): reason
    case (.unloaded, .broken(let reason)): reason
    case (.unloaded, .coming(let reason)): reason
    default: nil
    }
  }
}

extension ModelRegistry.State {
  enum Phase: Sendable { case unloaded, loading, ready, failed, unloading }

  var phase: Phase {
    switch self {
    case .unloaded: .unloaded
    case .loading: .loading
    case .ready: .ready
    case .failed: .failed
    case .unloading: .unloading
    }
  }
}
