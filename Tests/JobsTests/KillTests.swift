import Foundation
import TestSupport
import Testing
import Time
import Web

@testable import Jobs

/// What is left when a server is killed while jobs run and webhooks are due.
@Suite(.timeLimit(.minutes(5))) struct KillTests {
  private static let kills = 15

  /// Built beside the tests: their runner and their bundle lie in different folders by version.
  private static let probe: String? = CommandLine.arguments.map { path in
    URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("jobs-probe").path
  }.first { FileManager.default.isExecutableFile(atPath: $0) }

  /// What the processes so far have said.
  private struct Said {
    var accepted: [String] = []
    var ended: [String] = []
    var recovered = 0
    var troubles: [String] = []

    mutating func read(_ line: Substring) {
      let words = line.split(separator: " ", maxSplits: 1)
      guard words.count == 2 else { return }
      switch words[0] {
      case "accepted": accepted.append(String(words[1]))
      case "ended": ended.append(String(words[1]))
      case "recovered": recovered += Int(words[1]) ?? 0
      default: troubles.append(String(line))
      }
    }
  }

  /// Runs the probe, to its end, or until it has said that many lines and is killed.
  private func run(_ arguments: [String], killedAfter lines: Int?, _ said: inout Said) throws {
    let probe = try #require(Self.probe, "jobs-probe is not built")
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: probe)
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    var text = Data()
    var count = 0
    while case let more = output.fileHandleForReading.availableData, !more.isEmpty {
      text += more
      count += more.count { $0 == UInt8(ascii: "\n") }
      if let lines, count >= lines { kill(process.processIdentifier, SIGKILL) }
    }
    process.waitUntilExit()
    // What follows the last line end was cut by the kill.
    let whole = text[...(text.lastIndex(of: UInt8(ascii: "\n")) ?? text.startIndex)]
    for line in String(decoding: whole, as: UTF8.self).split(separator: "\n") { said.read(line) }
    #expect(process.terminationReason == (lines == nil ? .exit : .uncaughtSignal))
  }

  @Test func killingLosesNothingAndEndsNothingTwice() async throws {
    let server = try #require(try PythonServer.start("http_server.py"))
    let folder = try TemporaryFolder()
    let database = folder.file("jobs.db")
    let webhook = "http://127.0.0.1:\(server.port)"
    var said = Said()
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<Self.kills {
      let lines = Int.random(in: 1...120, using: &generator)
      try run([database, webhook], killedAfter: lines, &said)
    }
    try run([database, webhook, "drain"], killedAfter: nil, &said)
    #expect(said.troubles.isEmpty, "\(said.troubles)")
    #expect(said.accepted.count > Self.kills && said.recovered > 0)
    #expect(Set(said.ended).count == said.ended.count, "a job ended twice")

    let queue = try SQLiteJobQueue(path: database, at: .now())
    #expect(try await queue.checkIntegrity() == [])
    var kept: Set<String> = []
    var query = JobQuery(owner: nil)
    query.limit = 1000
    repeat {
      let page = try await queue.jobs(query)
      for job in page.items {
        #expect(job.state == .succeeded && job.webhook?.state == .delivered, "\(job)")
        kept.insert(job.id)
      }
      query.page = page.next
    } while !query.page.isEmpty
    #expect(Set(said.accepted).isSubset(of: kept), "a job was lost")

    // The receiver heard of each at least once, and each time the same under the same id.
    let calls = try await received(server)
    var bodies: [String: Set<String>] = [:]
    for (id, body) in calls { bodies[id, default: []].insert(body) }
    #expect(Set(bodies.keys) == Set(kept.map { "msg_" + $0.dropFirst(4) }))
    #expect(bodies.values.allSatisfy { $0.count == 1 }, "a job ended twice")
    print(
      "killed \(Self.kills) times: \(kept.count) jobs, \(said.recovered) of them taken up again, "
        + "\(calls.count) calls")
  }

  private func received(_ server: PythonServer) async throws -> [(id: String, body: String)] {
    var configuration = WebClient.Configuration()
    configuration.addresses = .everywhere
    var request = WebRequest(.get, try WebURL("http://127.0.0.1:\(server.port)/log"))
    request.responseLimit = 64 << 20
    let response = try await WebClient(configuration).send(request)
    let log = try JSONSerialization.jsonObject(with: Data(response.body)) as? [[String: Any]]
    return try #require(log).map { call in
      let headers = call["headers"] as? [String: String]
      return (headers?["webhook-id"] ?? "", call["body"] as? String ?? "")
    }
  }
}
