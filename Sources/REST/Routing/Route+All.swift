extension Route {
  /// Every route there is, in the order of the description.
  ///
  /// - Parameters:
  ///   - version: the server's.
  ///   - metricsText: what `/metrics` answers.
  static func all(
    version: String, metricsText: @escaping @Sendable () -> String
  ) -> [Route] {
    let described = described(metricsText)
    // The description describes itself, too.
    let document = OpenAPIDocument.text(described + [openAPI([])], version: version)
    return described + [openAPI(document)]
  }

  /// Without handlers that would have something to tell.
  static var names: [String] { (described { "" } + [openAPI([])]).map(\.name) }

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
