/// How long one batch or step may hold the engine, as predicted from those before it: whoever comes
/// meanwhile waits for all of it.
package enum EngineTurn {
  /// While other models have work too: what a token stream waits for between two of its tokens.
  /// `engine_slice` in model.yaml.
  package static let shared: Duration = .milliseconds(20)
  /// While none has: what the first to come waits for, whose arrival nobody could foresee. It costs
  /// next to nothing: a batch of so long is made of many pieces already (`EncoderPlan`), and
  /// handing over the next takes some 0.1 ms.
  package static let alone: Duration = .milliseconds(100)
}
