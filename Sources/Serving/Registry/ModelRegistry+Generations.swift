extension ModelRegistry {
  /// Of all versions that take calls: the cache forgets what others answered.
  var generations: Set<UInt64> {
    withModels { models in
      var generations: Set<UInt64> = []
      for version in models.values.flatMap(\.versions) {
        if case .ready(let served, _) = version.state { generations.insert(served.generation) }
      }
      return generations
    }
  }
}
