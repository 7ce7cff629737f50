import JSON
import Messages
import Testing

@testable import REST

@Suite struct OpenAIRequestTests {
  private func chat(_ more: String = "") throws -> ChatRequest {
    let text = #"{"model":"m","messages":[{"role":"user","content":"hi"}]\#(more)}"#
    return try ChatRequest(fields(text), choiceLimit: 4)
  }

  @Test func hasOpenAIsDefaults() throws {
    let call = try #require(try chat().calls.first)
    #expect(call.sampling?.temperature == 1 && call.sampling?.maxTokens == nil)
    #expect(call.messages == [ApusV1.ChatMessage(role: "user", content: "hi")])
    let text = try CompletionRequest(fields(#"{"model":"m","prompt":"a"}"#), choiceLimit: 4)
    #expect(text.calls.first?.sampling?.maxTokens == 16)
  }

  @Test func choicesDifferBySeed() throws {
    let calls = try chat(#","n":3,"seed":7"#).calls
    #expect(calls.map { $0.sampling?.seed } == [7, 8, 9])
    #expect(complaint { try chat(#","n":5"#) }.hasPrefix("n: expected a whole number from 1 to 4"))
    let many = try CompletionRequest(
      fields(#"{"model":"m","prompt":["a","b"],"n":2}"#), choiceLimit: 4)
    #expect(many.calls.map(\.prompt) == ["a", "a", "b", "b"])
    #expect(
      complaint {
        try CompletionRequest(
          fields(#"{"model":"m","prompt":["a","b","c"],"n":2}"#), choiceLimit: 4)
      }.hasPrefix("prompt: 3 prompts with n = 2"))
  }

  @Test func readsSampling() throws {
    let call = try #require(
      try chat(
        #","max_tokens":5,"max_completion_tokens":6,"top_p":0.5,"stop":"x","logprobs":true,"#
          + #""top_logprobs":2,"top_k":9,"min_p":0.1,"repetition_penalty":1.5,"temperature":0"#
      ).calls.first?.sampling)
    #expect(call.maxTokens == 6 && call.topP == 0.5 && call.stop == ["x"] && call.logprobs == 2)
    #expect(call.topK == 9 && call.minP == 0.1 && call.repetitionPenalty == 1.5)
    #expect(call.temperature == 0)
  }

  @Test(arguments: [
    #""user":"u","store":true,"metadata":{"a":"b"},"service_tier":"auto""#,
    #""presence_penalty":0,"frequency_penalty":0.0,"logit_bias":{}"#,
    #""tools":[],"tool_choice":"none""#,
    #""response_format":{"type":"text"},"modalities":["text"],"parallel_tool_calls":true"#,
    #""stream_options":{"include_usage":true},"stream":true"#, #""audio":null,"stop":null"#,
  ])
  func letsPassWhatChangesNothing(more: String) throws {
    #expect(complaint { try chat("," + more) } == "none")
  }

  @Test(arguments: [
    (#""presence_penalty":0.5"#, "presence_penalty"),
    (#""frequency_penalty":-1"#, "frequency_penalty"),
    (#""logit_bias":{"50256":-100}"#, "logit_bias"), (#""tools":[{"type":"function"}]"#, "tools"),
    (#""tool_choice":"required""#, "tool_choice"),
    (#""response_format":{"type":"json_object"}"#, "response_format"),
    (#""modalities":["audio"]"#, "modalities"), (#""reasoning_effort":"high""#, "reasoning_effort"),
    (#""web_search_options":{"a":1}"#, "web_search_options"),
    (#""top_logprobs":2"#, "top_logprobs"),
    (#""temperatur":1"#, "temperatur"), (#""temperature":3"#, "temperature"),
    (#""n":0"#, "n"), (#""stream":"yes""#, "stream"), (#""max_tokens":0"#, "max_tokens"),
    (#""stop":["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q"]"#, "stop"),
    (#""stream_options":{"a":1}"#, "stream_options.a"),
  ])
  func refusesByName(more: String, field: String) {
    let error = #expect(throws: FieldError.self) { try chat("," + more) }
    #expect(error?.field == field)
  }

  @Test func readsMessages() throws {
    let text = #"""
      {"model":"m","messages":[
        {"role":"developer","content":"be brief"},
        {"role":"user","name":"u",
          "content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
        {"role":"assistant","content":null,"refusal":null,"tool_calls":[]}]}
      """#
    let messages = try ChatRequest(fields(text), choiceLimit: 1).calls[0].messages
    #expect(messages.map(\.role) == ["system", "user", "assistant"])
    #expect(messages.map(\.content) == ["be brief", "ab", ""])
  }

  @Test(arguments: [
    (#"[]"#, "messages"), (#"[{"role":"tool","content":"a"}]"#, "messages[0].role"),
    (#"[{"content":"a"}]"#, "messages[0].role"),
    (#"[{"role":"user","content":[{"type":"image_url"}]}]"#, "messages[0].content[0].type"),
    (#"[{"role":"user","content":3}]"#, "messages[0].content"),
    (#"[{"role":"assistant","tool_calls":[{"id":"x"}]}]"#, "messages[0].tool_calls"),
    (#"["hi"]"#, "messages[0]"), (#"[{"role":"user","contents":"a"}]"#, "messages[0].contents"),
  ])
  func namesTheMessage(messages: String, field: String) {
    let error = #expect(throws: FieldError.self) {
      try ChatRequest(fields(#"{"model":"m","messages":\#(messages)}"#), choiceLimit: 1)
    }
    #expect(error?.field == field)
  }

  @Test func tokenIDsAreRefusedByName() async throws {
    let rig = try Rig()
    for (path, body) in [
      ("/v1/completions", #"{"model":"story","prompt":[1,2]}"#),
      ("/v1/completions", #"{"model":"story","prompt":[[1],[2]]}"#),
      ("/v1/embeddings", #"{"model":"embed","input":[1,2]}"#),
    ] {
      let response = await rig.post(path, body)
      #expect(response.status == 400)
      #expect(response.text.contains("token ids are not understood"))
    }
  }
}
