extension Route {
  /// Every route there is, in the order of the description.
  ///
  /// - Parameters:
  ///   - version: the server's.
  ///   - notices: which of them are to go.
  ///   - metricsText: what `/metrics` answers.
  static func all(
    version: String, notices: (any RouteNotices)? = nil,
    metricsText: @escaping @Sendable () -> String
  ) -> [Route] {
    let described = described(metricsText)
    // The description describes itself, too.
    let document = OpenAPIDocument(
      described + [openAPI { [] }], version: version, notices: notices)
    return described + [openAPI { document.text }]
  }

  /// Without handlers that would have something to tell.
  static var names: [String] { (described { "" } + [openAPI { [] }]).map(\.name) }

  private static func described(_ metricsText: @escaping @Sendable () -> String) -> [Route] {
    [predict, generate]
      + [chatCompletions, completions, embeddings]
      + [serverMetadata, serverLive, serverReady] + modelMetadata + modelReady + modelInfer
      + [listModels, getModel]
      + [submitJob, listJobs, getJob, cancelJob]
      + [usage]
      + [createKey, listKeys, revokeKey, rotateKey]
      + [listDeadLetters, resendDeadLetter, rotateWebhookSecrets]
      + [loadModel, unloadModel, rollBackModel, setLabel, removeLabel]
      + [health, live, ready, metrics(metricsText)]
  }
}
