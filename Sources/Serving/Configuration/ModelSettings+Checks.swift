/// What of a model.yaml fits only some models shows when the model is there.
extension ModelSettings {
  /// - Parameter name: of the version, for the error.
  func check(against facts: ModelFacts, of name: String) throws(ConfigurationError) {
    let file = "model.yaml of \(name)"
    if facts.task == .generation, caches {
      throw ConfigurationError(
        file: file, "cache: what a language model writes is not kept; leave it out")
    }
    for case .fixed(let answer) in fallback where !answer.fits(facts) {
      throw ConfigurationError(
        file: file,
        "fallback: the static answer is of another kind than the model's own; it answers with "
          + Self.kind(facts))
    }
  }

  private static func kind(_ facts: ModelFacts) -> String {
    switch facts.task {
    case .embedding: "an embedding of \(facts.embeddingSize) values"
    case .classification: "a label"
    case .regression, .tensors: "values"
    case .generation: "a text"
    }
  }
}

extension StaticAnswer {
  fileprivate func fits(_ facts: ModelFacts) -> Bool {
    switch (self, facts.task) {
    case (.label, .classification), (.values, .regression), (.values, .tensors),
      (.text, .generation):
      true
    case (.embedding(let values), .embedding): values.count == facts.embeddingSize
    default: false
    }
  }
}
