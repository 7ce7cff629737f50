/// What a method asks of its caller.
enum Access: Sendable {
  /// Nothing: probes and descriptions, which tell no secrets and cost next to nothing.
  case open
  /// A key, where the server has keys; charged to its limits as a call of no model.
  case caller
  /// A key, where the server has keys; the handler charges its limits once it knows the model.
  case modelCaller
  /// An administrator's key; not charged, so that limits never lock an administrator out.
  case admin

  /// By path. A method that is not here is an administrator's: forgetting one opens nothing.
  static let methods: [String: Access] = [
    "/apus.v1.Inference/Predict": .modelCaller,
    "/apus.v1.Inference/StreamPredict": .modelCaller,
    "/apus.v1.Inference/Health": .open,
    "/apus.v1.Inference/ListModels": .caller,
    "/apus.v1.Inference/GetModel": .caller,
    "/apus.v1.Accounts/GetUsage": .caller,
    "/inference.GRPCInferenceService/ServerLive": .open,
    "/inference.GRPCInferenceService/ServerReady": .open,
    "/inference.GRPCInferenceService/ModelReady": .open,
    "/inference.GRPCInferenceService/ServerMetadata": .caller,
    "/inference.GRPCInferenceService/ModelMetadata": .caller,
    "/inference.GRPCInferenceService/ModelInfer": .modelCaller,
    // What a job itself does is charged when it runs, as a call of its model.
    "/apus.v1.Jobs/SubmitJob": .caller,
    "/apus.v1.Jobs/GetJob": .caller,
    "/apus.v1.Jobs/ListJobs": .caller,
    "/apus.v1.Jobs/CancelJob": .caller,
    "/grpc.health.v1.Health/Check": .open,
    "/grpc.health.v1.Health/Watch": .open,
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": .open,
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": .open,
  ]

  static func of(_ path: String) -> Access { methods[path] ?? .admin }
}
