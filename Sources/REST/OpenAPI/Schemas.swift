// Schemas that several routes share, by name, as JSON text. Requests are closed
// (`additionalProperties: false`), because unknown fields are refused; answers are open, because
// later versions add fields.

enum Schemas {
  static let all: [(name: String, schema: String)] =
    errors + inference + openAI + openInference + models + accounts + jobs

  private static let errors: [(name: String, schema: String)] = [
    (
      "Error",
      #"""
      {"type":"object","required":["error"],"properties":{"error":{"type":"object",
      "required":["code","message","field","request_id"],"properties":{
      "code":{"type":"string","description":"The gRPC status' name, or one of HTTP's own."},
      "message":{"type":"string"},
      "field":{"type":["string","null"],"description":"What is to blame, such as inputs[3].text."},
      "request_id":{"type":"string"}}}}}
      """#
    ),
    (
      "SharedError",
      #"""
      {"type":"object","required":["error"],"properties":{"error":{"type":"object",
      "required":["message","type","param","code","field","request_id"],"properties":{
      "message":{"type":"string"},"type":{"type":"string"},"param":{"type":["string","null"]},
      "code":{"type":"string"},"field":{"type":["string","null"]},"request_id":{"type":"string"}}}}}
      """#
    ),
    (
      "OpenAIError",
      #"""
      {"type":"object","required":["error"],"properties":{"error":{"type":"object",
      "required":["message","type","param","code"],"properties":{
      "message":{"type":"string"},"type":{"type":"string"},"param":{"type":["string","null"]},
      "code":{"type":["string","null"]}}}}}
      """#
    ),
    (
      "Problem",
      #"""
      {"type":"object","description":"RFC 9457",
      "required":["type","title","status","detail","code"],
      "properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},
      "detail":{"type":"string"},"code":{"type":"string"},"field":{"type":["string","null"]},
      "request_id":{"type":"string"}}}
      """#
    ),
  ]

  private static let inference: [(name: String, schema: String)] = [
    (
      "Version",
      #"{"type":["string","integer"],"minimum":0,"description":"A number, \"latest\" or a label."}"#
    ),
    (
      "Usage",
      #"""
      {"type":"object","required":["prompt_tokens","completion_tokens","total_tokens"],
      "properties":{
      "prompt_tokens":{"type":"integer"},"completion_tokens":{"type":"integer"},
      "total_tokens":{"type":"integer"}}}
      """#
    ),
    (
      "Tensor",
      #"""
      {"type":"object","required":["data_type","data"],"additionalProperties":false,"properties":{
      "data_type":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64",
      "FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0}},
      "data":{"type":["array","number","string","boolean"],
      "description":"Nested as the shape says, or flat; one value for a scalar."}}}
      """#
    ),
    (
      "Input",
      #"""
      {"description":"A text, a row of numbers, or an object that says what it is.","oneOf":[
      {"type":"string"},{"type":"array","items":{"type":["number","null"]}},
      {"type":"object","required":["text"],"additionalProperties":false,"properties":{
      "text":{"type":"string"}}},
      {"type":"object","required":["features"],"additionalProperties":false,"properties":{
      "features":{"oneOf":[{"type":"array","items":{"type":["number","null"]}},
      {"type":"object","additionalProperties":{"type":["number","string","null"]}}]}}},
      {"type":"object","required":["image"],"additionalProperties":false,"properties":{
      "image":{"type":"string","description":"Base64, or a data URL."},
      "content_type":{"type":"string"}}},
      {"type":"object","required":["tensors"],"additionalProperties":false,"properties":{
      "tensors":{"type":"object","additionalProperties":{"$ref":"#/components/schemas/Tensor"}}}}]}
      """#
    ),
    (
      "PredictRequest",
      #"""
      {"type":"object","required":["model","inputs"],"additionalProperties":false,"properties":{
      "model":{"type":"string","minLength":1},
      "model_version":{"$ref":"#/components/schemas/Version"},
      "inputs":{"type":"array","minItems":1,"maxItems":100,
      "items":{"$ref":"#/components/schemas/Input"}},
      "options":{"type":"object","additionalProperties":false,"properties":{
      "top_k":{"type":"integer","minimum":0,"maximum":4294967295},"normalize":{"type":"boolean"},
      "truncate":{"type":"boolean"},
      "queue_timeout_ms":{"type":"integer","minimum":0,"maximum":4294967295},
      "parameters":{"type":"object","additionalProperties":{"type":"string"}},
      "no_cache":{"type":"boolean"}}},
      "request_id":{"type":"string","maxLength":128}}}
      """#
    ),
    (
      "Prediction",
      #"""
      {"type":"object",
      "description":"label, score and labels; or embedding; or values; or tensors; or text",
      "properties":{"label":{"type":"string"},"score":{"type":"number"},
      "labels":{"type":"array","items":{"type":"object","required":["label","index","score"]}},
      "embedding":{"type":"array","items":{"type":"number"}},
      "values":{"type":"array","items":{"type":["number","null"]}},
      "tensors":{"type":"object"},"text":{"type":"string"}}}
      """#
    ),
    (
      "PredictResponse",
      #"""
      {"type":"object","required":["predictions","model","model_version","request_id","latency_ms",
      "cached"],"properties":{
      "predictions":{"type":"array","items":{"$ref":"#/components/schemas/Prediction"}},
      "model":{"type":"string"},"model_version":{"type":"string"},"request_id":{"type":"string"},
      "latency_ms":{"type":"number"},"timing":{"type":"object","properties":{
      "queue_ms":{"type":"number"},"compute_ms":{"type":"number"},"prepare_ms":{"type":"number"},
      "batch_size":{"type":"integer"}}},"usage":{"$ref":"#/components/schemas/Usage"},
      "cached":{"type":"boolean"},"fallback":{"$ref":"#/components/schemas/Fallback"}}}
      """#
    ),
    (
      "Fallback",
      #"""
      {"type":"object","required":["kind","model","model_version","reason"],"properties":{
      "kind":{"enum":["previous_version","other_model","static_answer","unknown"]},
      "model":{"type":"string"},"model_version":{"type":"string"},"reason":{"type":"string"}}}
      """#
    ),
    (
      "SamplingOptions",
      #"""
      {"type":"object","additionalProperties":false,"properties":{
      "max_tokens":{"type":"integer","minimum":1,"maximum":4294967295},
      "temperature":{"type":"number","minimum":0,"maximum":10},
      "top_k":{"type":"integer","minimum":0,"maximum":1000000},
      "top_p":{"type":"number","minimum":0.000001,"maximum":1},
      "min_p":{"type":"number","minimum":0,"maximum":1},
      "repetition_penalty":{"type":"number","minimum":0.1,"maximum":10},
      "seed":{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807},
      "stop":{"oneOf":[{"type":"string","minLength":1,"maxLength":64},
      {"type":"array","maxItems":16,"items":{"type":"string","minLength":1,"maxLength":64}}]},
      "logprobs":{"type":"integer","minimum":0,"maximum":20}}}
      """#
    ),
    (
      "Message",
      #"""
      {"type":"object","required":["role","content"],"additionalProperties":false,"properties":{
      "role":{"enum":["system","user","assistant"]},"content":{"type":"string"}}}
      """#
    ),
    (
      "Event",
      #"""
      {"type":"object","required":["data"],"properties":{"data":{"type":"string",
      "description":"A chunk as JSON; `[DONE]` at the end."}}}
      """#
    ),
    (
      "GenerateEvent",
      #"""
      {"type":"object","required":["data"],"properties":{"data":{"type":"string",
      "contentMediaType":"application/json","contentSchema":{"type":"object","properties":{
      "text":{"type":"string"},"index":{"type":"integer"},"token_id":{"type":"integer"},
      "logprob":{"type":"number"},"top_logprobs":{"type":"array"},
      "finish_reason":{"enum":["stop","length"]},"error":{"type":"object"}},
      "anyOf":[{"required":["text"]},{"required":["error"]}]}}}}
      """#
    ),
    ("GenerateRequest", generateRequest(#","stream":{"type":"boolean"}"#)),
    ("GenerateWork", generateRequest("")),
    (
      "GenerateResponse",
      #"""
      {"type":"object","required":["text","finish_reason","model","model_version","request_id"],
      "properties":{"text":{"type":"string"},"finish_reason":{"enum":["stop","length"]},
      "model":{"type":"string"},"model_version":{"type":"string"},"request_id":{"type":"string"},
      "usage":{"$ref":"#/components/schemas/Usage"},"timing":{"type":"object"},
      "tokens":{"type":"array","items":{"type":"object"}},
      "fallback":{"$ref":"#/components/schemas/Fallback"}}}
      """#
    ),
  ]

  private static func generateRequest(_ more: String) -> String {
    #"{"type":"object","required":["model"],"additionalProperties":false,"#
      + #""oneOf":[{"required":["prompt"]},{"required":["messages"]}],"properties":{"#
      + #""model":{"type":"string","minLength":1},"#
      + ##""model_version":{"$ref":"#/components/schemas/Version"},"prompt":{"type":"string"},"##
      + ##""messages":{"type":"array","items":{"$ref":"#/components/schemas/Message"}},"##
      + ##""options":{"$ref":"#/components/schemas/SamplingOptions"},"##
      + #""request_id":{"type":"string","maxLength":128}\#(more)}}"#
  }

  private static let models: [(name: String, schema: String)] = [
    (
      "Model",
      #"""
      {"type":"object","required":["id","object","created","owned_by","name","state","versions",
      "labels"],"properties":{"id":{"type":"string"},"object":{"const":"model"},
      "created":{"type":"integer"},"owned_by":{"type":"string"},"name":{"type":"string"},
      "description":{"type":"string"},"state":{"type":"string"},
      "task":{"enum":["embedding","classification","regression","tensors","generation",null]},
      "model_version":{"type":["string","null"]},
      "versions":{"type":"array","items":{"type":"object","required":["model_version","state"]}},
      "labels":{"type":"array","items":{"type":"object",
      "required":["label","model_version","share"]}},
      "source":{"type":"string"},"source_error":{"type":"string"},
      "events":{"type":"array","items":{"type":"object","required":["time","event"]}}}}
      """#
    )
  ]

  private static let accounts: [(name: String, schema: String)] = [
    (
      "KeyLimits",
      #"""
      {"type":"object","additionalProperties":false,"description":"0 means no limit.","properties":{
      "requests":{"type":"integer","minimum":0,"maximum":4294967295},
      "window_seconds":{"type":"integer","minimum":0,"maximum":4294967295},
      "tokens_per_minute":{"type":"integer","minimum":0,"maximum":4294967295},
      "concurrent_calls":{"type":"integer","minimum":0,"maximum":4294967295},
      "monthly_requests":{"type":"integer","minimum":0,"maximum":9223372036854775807},
      "monthly_tokens":{"type":"integer","minimum":0,"maximum":9223372036854775807}}}
      """#
    ),
    (
      "Key",
      #"""
      {"type":"object","required":["id","owner","is_admin","models","limits"],"properties":{
      "id":{"type":"string"},"owner":{"type":"string"},"email":{"type":"string"},
      "created_at":{"type":["string","null"]},"expires_at":{"type":["string","null"]},
      "revoked_at":{"type":["string","null"]},"models":{"type":"array","items":{"type":"string"}},
      "is_admin":{"type":"boolean"},"limits":{"$ref":"#/components/schemas/KeyLimits"},
      "model_limits":{"$ref":"#/components/schemas/ModelLimits"}}}
      """#
    ),
    (
      "ModelLimits",
      #"""
      {"type":"object","description":"By name of a model; * is each that is not named.",
      "additionalProperties":{"$ref":"#/components/schemas/KeyLimits"}}
      """#
    ),
    (
      "KeyWithToken",
      #"""
      {"type":"object","required":["key","token"],"properties":{
      "key":{"$ref":"#/components/schemas/Key"},
      "token":{"type":"string","description":"What clients send: shown once."}}}
      """#
    ),
    ("Time", #"{"type":["string","number"],"description":"RFC 3339, or seconds since 1970."}"#),
    (
      "UsageReport",
      #"""
      {"type":"object","required":["from","to","missing","total","days","models"],"properties":{
      "from":{"type":["string","null"]},"to":{"type":["string","null"]},"total":{"type":"object"},
      "missing":{"type":"integer","description":"Calls of anybody that the figures lack."},
      "days":{"type":"array","items":{"type":"object","required":["day"]}},
      "models":{"type":"array","items":{"type":"object","required":["model"]}},
      "keys":{"type":"array","items":{"type":"object","required":["key_id","owner"]},
      "description":"With `by_key`: the keys with the most calls first, 1000 at most."}}}
      """#
    ),
  ]

  private static let jobs: [(name: String, schema: String)] = [
    (
      "JobRequest",
      #"""
      {"type":"object","additionalProperties":false,
      "oneOf":[{"required":["predict"]},{"required":["generate"]}],"properties":{
      "predict":{"$ref":"#/components/schemas/PredictRequest"},
      "generate":{"$ref":"#/components/schemas/GenerateWork"},
      "webhook_url":{"type":"string"},"idempotency_key":{"type":"string","maxLength":255}}}
      """#
    ),
    (
      "Job",
      #"""
      {"type":"object","required":["id","object","state","created_at"],"properties":{
      "id":{"type":"string"},"object":{"const":"job"},
      "state":{"enum":["queued","running","succeeded","failed","cancelled","unknown"]},
      "created_at":{"type":["string","null"]},"started_at":{"type":["string","null"]},
      "ended_at":{"type":["string","null"]},
      "prediction":{"$ref":"#/components/schemas/PredictResponse"},"generation":{"type":"object"},
      "error":{"type":"object","required":["code","message"]},"key_id":{"type":"string"},
      "webhook":{"type":"object","required":["url","state","attempts"]}}}
      """#
    ),
    (
      "DeadLetter",
      #"""
      {"type":"object","required":["id","job_id","key_id","url","attempts","last_error"],
      "properties":{"id":{"type":"string"},"job_id":{"type":"string"},"key_id":{"type":"string"},
      "url":{"type":"string"},"attempts":{"type":"integer"},"last_error":{"type":"string"},
      "created_at":{"type":["string","null"]}}}
      """#
    ),
  ]
}
