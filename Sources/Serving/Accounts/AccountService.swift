package import Accounts
package import Messages

/// Keys and the usage report, over a store.
///
/// Also what `apus keys` and `apus usage` run on the database's file itself, so that there is a
/// first key before there is a server.
package struct AccountService: ApusV1.Accounts {
  private let store: StoreThread
  private let directory: KeyDirectory?
  private let defaults: LimitPlan
  private let clock: @Sendable () -> UnixTime

  /// - Parameters:
  ///   - directory: a running server's keys, which know of a change before the answer goes out.
  ///     Its defaults go before `defaults`.
  ///   - defaults: limits that a key's own leave open.
  package init(
    store: StoreThread, directory: KeyDirectory? = nil, defaults: LimitPlan = LimitPlan(),
    clock: @escaping @Sendable () -> UnixTime = UnixTime.now
  ) {
    self.store = store
    self.directory = directory
    self.defaults = defaults
    self.clock = clock
  }

  package func createKey(_ request: ApusV1.CreateKeyRequest, context: CallContext) async throws
    -> ApusV1.CreateKeyResponse
  {
    let defaults = directory?.defaults ?? defaults
    let wanted = try KeyRequest(request, defaults: defaults, now: clock())
    let issued = try await administrate { keys, now in try keys.create(wanted, at: now) }
    return ApusV1.CreateKeyResponse(key: ApusV1.Key(issued.key), token: issued.token)
  }

  package func listKeys(_ request: ApusV1.ListKeysRequest, context: CallContext) async throws
    -> ApusV1.ListKeysResponse
  {
    let now = clock()
    let all = try await administrate { keys, _ in try keys.list() }
    let shown = all.reversed().filter { key in
      let hasEnded = key.revoked != nil || key.expires.map { $0 <= now } ?? false
      return request.includeEnded || !hasEnded
    }
    return ApusV1.ListKeysResponse(keys: shown.map { ApusV1.Key($0) })
  }

  package func revokeKey(_ request: ApusV1.RevokeKeyRequest, context: CallContext) async throws
    -> ApusV1.RevokeKeyResponse
  {
    let id = try Self.id(request.id)
    let key = try await administrate { keys, now in try keys.revoke(id, at: now) }
    guard let key else { throw Self.unknown(id) }
    return ApusV1.RevokeKeyResponse(key: ApusV1.Key(key))
  }

  package func rotateKey(_ request: ApusV1.RotateKeyRequest, context: CallContext) async throws
    -> ApusV1.RotateKeyResponse
  {
    let id = try Self.id(request.id)
    guard (0...31_536_000).contains(request.overlapSeconds) else {
      throw Validation.invalid(
        "overlap_seconds", "expected 0 to 31536000 (a year), got \(request.overlapSeconds)")
    }
    let overlap = Duration.seconds(request.overlapSeconds)
    let issued = try await administrate { keys, now in
      try keys.rotate(id, overlap: overlap, at: now)
    }
    guard let issued else { throw Self.unknown(id) }
    return ApusV1.RotateKeyResponse(key: ApusV1.Key(issued.key), token: issued.token)
  }

  package func getUsage(_ request: ApusV1.GetUsageRequest, context: CallContext) async throws
    -> ApusV1.GetUsageResponse
  {
    let query = try UsageQuery(request, caller: context.record?.caller, now: clock())
    let report = try await perform { store in try store.report(query) }
    return ApusV1.GetUsageResponse(report, of: query)
  }

  // MARK: The store

  private func administrate<Answer: Sendable>(
    _ body: @escaping @Sendable (KeyAdministration, UnixTime) throws -> Answer
  ) async throws -> Answer {
    let (directory, clock) = (directory, clock)
    return try await perform { store in
      try body(KeyAdministration(store: store, directory: directory), clock())
    }
  }

  private func perform<Answer: Sendable>(
    _ body: @escaping @Sendable (any Store) throws -> Answer
  ) async throws -> Answer {
    do { return try await store.perform(body) } catch let error as KeyRequestError {
      throw Validation.invalid(error.field, error.reason)
    } catch let error as StoreError {
      // The message names files: it is for the log.
      throw error.kind == .unavailable
        ? Status(.unavailable, "the database is busy or full; try again soon", cause: error)
        : Status(.internal, "the database cannot be used; the log says why", cause: error)
    }
  }

  private static func id(_ text: String) throws(Status) -> KeyID {
    guard let id = KeyID(text), id != .anonymous else {
      throw Validation.invalid("id", "expected the eight letters and digits that name a key")
    }
    return id
  }

  private static func unknown(_ id: KeyID) -> Status {
    Status(.notFound, "there is no key \(id) that could be changed; ListKeys tells which there are")
  }
}
