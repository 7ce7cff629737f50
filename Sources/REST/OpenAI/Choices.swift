internal import JSON
internal import Messages
internal import Synchronization
internal import Time

/// The choices of one request: as many StreamPredicts, running at the same time.
struct Choices: Sendable {
  let streams: [TokenStream]

  /// Starts all of them and waits until each has shown that it goes well.
  init(_ requests: [ApusV1.StreamPredictRequest], _ gateway: Gateway) async throws {
    var streams: [TokenStream] = []
    for request in requests {
      streams.append(TokenStream(try await gateway.inference.streamPredict(request)))
    }
    for stream in streams { try await stream.begin() }
    self.streams = streams
  }

  /// The model that answers.
  var model: String { streams.first?.model ?? "" }

  /// Calls `body` for every message of every choice: in order within a choice, as they come among
  /// several. One that fails ends the others.
  func forEachMessage(
    _ body: @escaping @Sendable (Int, ApusV1.StreamPredictResponse) async throws -> Void
  ) async throws {
    if streams.count == 1 {
      while let message = try await streams[0].next() { try await body(0, message) }
      return
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, stream) in streams.enumerated() {
        group.addTask {
          while let message = try await stream.next() { try await body(index, message) }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Reads all of them to their ends.
  func texts() async throws -> [GeneratedText] {
    if streams.count == 1 { return [try await GeneratedText(streams[0])] }
    return try await withThrowingTaskGroup(of: (Int, GeneratedText).self) { group in
      for (index, stream) in streams.enumerated() {
        group.addTask { (index, try await GeneratedText(stream)) }
      }
      var texts = [Int: GeneratedText]()
      for try await (index, text) in group { texts[index] = text }
      return streams.indices.compactMap { texts[$0] }
    }
  }
}

/// Tokens of all choices of a request together: those of a prompt that they share count once.
final class UsageSum: Sendable {
  private let sum = Mutex(ApusV1.Usage())
  /// Choices that share a prompt.
  private let choices: Int

  init(choices: Int) { self.choices = choices }

  func add(_ usage: ApusV1.Usage?, choice index: Int) {
    guard let usage else { return }
    sum.withLock { sum in
      if index % choices == 0 { sum.promptTokens += usage.promptTokens }
      sum.completionTokens += usage.completionTokens
      sum.totalTokens = sum.promptTokens + sum.completionTokens
    }
  }

  var total: ApusV1.Usage { sum.withLock { $0 } }
}

/// The members that an answer and all of its chunks share.
struct Envelope: Sendable {
  let id: String
  let object: String
  let model: String
  /// Seconds since 1970.
  let created: Int
  /// Chunks say of usage that it is null until it comes.
  var hasUsage = false

  init(id: String, object: String, model: String) {
    self.id = id
    self.object = object
    self.model = model
    created = Int(UnixTime.now().seconds)
  }

  /// - Parameter writeChoices: writes the elements of `choices`.
  func write(
    to json: inout JSONWriter, usage: ApusV1.Usage? = nil,
    _ writeChoices: (inout JSONWriter) -> Void
  ) {
    json.object { json in
      json.member("id", id)
      json.member("object", object)
      json.member("created", created)
      json.member("model", model)
      json.key("choices")
      json.array(writeChoices)
      if let usage {
        json.key("usage")
        usage.write(to: &json)
      } else if hasUsage {
        json.key("usage")
        json.null()
      }
    }
  }
}
