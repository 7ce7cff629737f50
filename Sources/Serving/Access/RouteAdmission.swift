internal import Messages

/// What a call of a model meets once it is known where it goes, whichever method it came by: told
/// or refused where the version is to go, then charged to its key's limits.
struct RouteAdmission: Sendable {
  let deprecations: Deprecations
  let limits: LimitStage

  /// To be called once, before the call costs anything; also where the route leads to no model.
  ///
  /// - Parameter tokens: what the call will use, by estimate.
  /// - Throws: NOT_FOUND for a version that has gone; what `LimitStage` throws.
  func admit(
    _ route: ModelRoute, _ record: CallRecord?, _ context: CallContext, tokens: Int, instances: Int
  ) async throws(Status) {
    record?.found(route, instances: instances)
    try deprecations.admit(route, context)
    try await limits.admit(record, context, model: route.name, tokens: tokens)
  }
}
