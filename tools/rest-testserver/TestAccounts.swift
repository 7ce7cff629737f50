internal import Messages
internal import RPC
internal import Synchronization

/// Three keys: `Bearer user` may call, `Bearer admin` may do all, others are refused.
struct TestKeys: Interceptor {
  private static let open = [
    "/apus.v1.Inference/Health", "/inference.GRPCInferenceService/ServerLive",
    "/inference.GRPCInferenceService/ServerReady", "/inference.GRPCInferenceService/ModelReady",
  ]
  private static let ofWebhooks = [
    "/apus.v1.Jobs/ListDeadLetters", "/apus.v1.Jobs/ResendDeadLetter",
    "/apus.v1.Jobs/RotateWebhookSecrets",
  ]

  func intercept(
    _ method: MethodHandler, _ context: CallContext, next: () async throws -> Void
  ) async throws {
    guard !Self.open.contains(method.path), !method.path.hasPrefix("/grpc.") else {
      return try await next()
    }
    let given =
      context.metadata["x-api-key"]
      ?? context.metadata["authorization"].map { String($0.dropFirst("Bearer ".count)) }
    guard let given else {
      throw Status(.unauthenticated, "send a key as Authorization: Bearer or x-api-key")
    }
    guard given == "user" || given == "admin" else {
      throw Status(.unauthenticated, "the key is unknown, expired or revoked")
    }
    let isAdministration =
      method.path.hasPrefix("/apus.v1.ModelControl/") || Self.ofWebhooks.contains(method.path)
      || (method.path.hasPrefix("/apus.v1.Accounts/") && !method.path.hasSuffix("/GetUsage"))
    guard given == "admin" || !isAdministration else {
      throw Status(.permissionDenied, "\(method.path) asks for an administrator's key")
    }
    try await next()
  }
}

/// Keys in memory.
final class TestAccounts: ApusV1.Accounts {
  private let keys = Mutex<[ApusV1.Key]>([])

  func createKey(_ request: ApusV1.CreateKeyRequest, context: CallContext) async throws
    -> ApusV1.CreateKeyResponse
  {
    guard request.owner.count <= 100 else {
      throw Status(.invalidArgument, "owner: at most 100 characters are allowed")
    }
    let key = keys.withLock { keys in
      let key = ApusV1.Key(
        id: "key\(keys.count + 1)", owner: request.owner, email: request.email,
        createdAt: 1_760_000_000, expiresAt: request.expiresAt, models: request.models,
        isAdmin: request.isAdmin, limits: request.limits)
      keys.append(key)
      return key
    }
    return ApusV1.CreateKeyResponse(key: key, token: "token-of-\(key.id)")
  }

  func listKeys(_ request: ApusV1.ListKeysRequest, context: CallContext) async throws
    -> ApusV1.ListKeysResponse
  {
    let all = keys.withLock { $0.reversed() as [ApusV1.Key] }
    return ApusV1.ListKeysResponse(
      keys: all.filter { request.includeEnded || $0.revokedAt == 0 })
  }

  func revokeKey(_ request: ApusV1.RevokeKeyRequest, context: CallContext) async throws
    -> ApusV1.RevokeKeyResponse
  {
    ApusV1.RevokeKeyResponse(key: try change(request.id) { $0.revokedAt = 1_760_000_100 })
  }

  func rotateKey(_ request: ApusV1.RotateKeyRequest, context: CallContext) async throws
    -> ApusV1.RotateKeyResponse
  {
    ApusV1.RotateKeyResponse(
      key: try change(request.id) { _ in }, token: "new-token-after-\(request.overlapSeconds)")
  }

  func getUsage(_ request: ApusV1.GetUsageRequest, context: CallContext) async throws
    -> ApusV1.GetUsageResponse
  {
    let sum = ApusV1.UsageSummary(requests: 3, successes: 2, successRate: 2.0 / 3)
    return ApusV1.GetUsageResponse(
      total: sum, days: [ApusV1.DailyUsage(day: "2026-11-20", usage: sum)],
      models: [ApusV1.ModelUsage(model: request.model, usage: sum)],
      from: request.from, to: request.to)
  }

  private func change(
    _ id: String, _ body: (inout ApusV1.Key) -> Void
  ) throws(Status) -> ApusV1.Key {
    let changed = keys.withLock { keys -> ApusV1.Key? in
      guard let index = keys.firstIndex(where: { $0.id == id }) else { return nil }
      body(&keys[index])
      return keys[index]
    }
    guard let changed else { throw Status(.notFound, "there is no key \(id.prefix(100))") }
    return changed
  }
}
