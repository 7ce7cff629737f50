// Schemas of OpenAI's requests, as far as this server goes: what it refuses is left out, even where
// a value that asks for nothing is let pass.

extension Schemas {
  static let openAI: [(name: String, schema: String)] = [
    (
      "ChatCompletionRequest",
      ##"{"type":"object","required":["model","messages"],"additionalProperties":false,"##
        + ##""properties":{"messages":{"type":"array","minItems":1,"##
        + ##""items":{"$ref":"#/components/schemas/ChatMessage"}},"##
        + ##""max_completion_tokens":{"type":"integer","minimum":1,"maximum":4294967295},"##
        + ##""logprobs":{"type":"boolean"},"##
        + ##""top_logprobs":{"type":"integer","minimum":0,"maximum":20},"##
        + sampling + ##"},"dependentSchemas":{"top_logprobs":{"required":["logprobs"],"##
        + ##""properties":{"logprobs":{"const":true}}}}}"##
    ),
    (
      "ChatMessage",
      #"""
      {"type":"object","required":["role"],"additionalProperties":false,"properties":{
      "role":{"enum":["system","developer","user","assistant"]},"name":{"type":"string"},
      "content":{"oneOf":[{"type":["string","null"]},{"type":"array","items":{"type":"object",
      "required":["type","text"],"properties":{"type":{"const":"text"},
      "text":{"type":"string"}}}}]}}}
      """#
    ),
    (
      "CompletionRequest",
      ##"{"type":"object","required":["model","prompt"],"additionalProperties":false,"##
        + ##""properties":{"prompt":{"oneOf":[{"type":"string"},{"type":"array","minItems":1,"##
        + ##""maxItems":8,"items":{"type":"string"}}]},"echo":{"type":"boolean"},"##
        + ##""logprobs":{"type":"integer","minimum":0,"maximum":20},"## + sampling + "}}"
    ),
    (
      "EmbeddingRequest",
      #"""
      {"type":"object","required":["model","input"],"additionalProperties":false,"properties":{
      "model":{"type":"string","minLength":1},
      "input":{"oneOf":[{"type":"string"},{"type":"array","minItems":1,"items":{"type":"string"}}]},
      "encoding_format":{"enum":["float","base64"]},
      "dimensions":{"type":"integer","minimum":1,"maximum":4294967295,
      "description":"Must be what the model has."},"user":{}}}
      """#
    ),
    (
      "Completion",
      #"{"type":"object","required":["id","object","created","model","choices","usage"]}"#
    ),
    ("Embeddings", #"{"type":"object","required":["object","data","model","usage"]}"#),
  ]

  /// The members that chat and completions share.
  private static var sampling: String {
    let harmless = OpenAIParameters.harmless.map { "\"\($0)\":{}" }.joined(separator: ",")
    return #"""
      "model":{"type":"string","minLength":1},
      "max_tokens":{"type":"integer","minimum":1,"maximum":4294967295},
      "temperature":{"type":"number","minimum":0,"maximum":2,"default":1},
      "top_p":{"type":"number","minimum":0,"maximum":1},
      "top_k":{"type":"integer","minimum":0,"maximum":1000000},
      "min_p":{"type":"number","minimum":0,"maximum":1},
      "repetition_penalty":{"type":"number","minimum":0.1,"maximum":10},
      "n":{"type":"integer","minimum":1,"maximum":16,
      "description":"At most 16 choices of all prompts."},
      "stop":{"oneOf":[{"type":"string","minLength":1,"maxLength":64},
      {"type":"array","maxItems":16,"items":{"type":"string","minLength":1,"maxLength":64}}]},
      "seed":{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807},
      "stream":{"type":"boolean"},
      "stream_options":{"type":"object","additionalProperties":false,"properties":{
      "include_usage":{"type":"boolean"},"include_obfuscation":{}}},
      """# + harmless
  }
}
