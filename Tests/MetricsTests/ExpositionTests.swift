import Metrics
import Testing

@Suite struct ExpositionTests {
  @Test func readsBackWhatWasCounted() throws {
    let registry = Registry()
    let calls = registry.counters(
      "apus_calls_total", help: "Calls by\nmethod.", labels: ["method", "code"])
    calls.with("/a.B/\"C\"\\\n", "0").increment(by: 3)
    calls.with("/a.B/D", "14").increment()
    let open = registry.gauge("apus_connections", help: "Open connections.")
    open.add(5)
    open.add(-7)
    let latency = registry.histogram(
      "apus_latency_seconds", help: "Time of a call.", unit: .seconds)
    for value: UInt64 in [500, 1_024, 1_025, 3_000_000_000, 1 << 43] { latency.record(value) }
    registry.sampled("apus_ratio", help: "A reading.", kind: .gauge) { 0.25 }
    registry.sampled("apus_absent", help: "No reading.", kind: .gauge) { nil }

    let text = try Parsed(registry.exposition())
    #expect(text.kinds["apus_calls_total"] == "counter")
    #expect(text.help["apus_calls_total"] == "Calls by\nmethod.")
    #expect(text["apus_calls_total", ["method": "/a.B/\"C\"\\\n", "code": "0"]] == 3)
    #expect(text["apus_calls_total", ["method": "/a.B/D", "code": "14"]] == 1)
    #expect(text["apus_connections", [:]] == -2)
    #expect(text["apus_ratio", [:]] == 0.25)
    #expect(text.kinds["apus_absent"] == nil)

    #expect(text.kinds["apus_latency_seconds"] == "histogram")
    let buckets = text.samples.filter { $0.name == "apus_latency_seconds_bucket" }
    let bounds = try buckets.map { try number(#require($0.labels["le"])) }
    #expect(bounds == bounds.sorted() && bounds.last == .infinity)
    #expect(buckets.map(\.value) == buckets.map(\.value).sorted())
    // 1,024 ns is the first bound and belongs to it.
    #expect(abs(bounds[0] - 1.024e-6) < 1e-12 && buckets[0].value == 2 && buckets[1].value == 3)
    #expect(buckets.last?.value == 5 && buckets[buckets.count - 2].value == 4)
    #expect(text["apus_latency_seconds_count", [:]] == 5)
    let sum = try #require(text["apus_latency_seconds_sum", [:]])
    #expect(abs(sum - (3.000002549 + 8796.093022208)) < 1e-6)
  }

  @Test func labelsAreBounded() throws {
    let registry = Registry()
    let calls = registry.counters("calls_total", help: "", labels: ["peer"], bound: 3)
    for number in 0..<1_000 { calls.with("peer \(number)").increment() }
    // The bound's own children and the one that all others share.
    #expect(calls.count == 4)
    let text = try Parsed(registry.exposition())
    #expect(text["calls_total", ["peer": "peer 2"]] == 1)
    #expect(text["calls_total", ["peer": "peer 3"]] == nil)
    #expect(text["calls_total", ["peer": "other"]] == 997)
  }

  @Test func countsFromManyTasksAddUp() async {
    let registry = Registry()
    let counter = registry.counter("total", help: "")
    let histogram = registry.histogram("sizes", help: "", unit: .bytes)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for value in 0..<10_000 {
            counter.increment()
            histogram.record(UInt64(value))
          }
        }
      }
    }
    #expect(counter.value == 80_000 && histogram.count == 80_000)
    #expect(histogram.sum == 8 * 49_995_000)
  }

  @Test func theProcessKnowsItself() throws {
    let registry = Registry()
    ProcessMetrics.register(in: registry)
    let text = try Parsed(registry.exposition())
    #expect(try #require(text["process_resident_memory_bytes", [:]]) > 1_000_000)
    #expect(try #require(text["process_open_fds", [:]]) >= 3)
    #expect(try #require(text["process_cpu_seconds_total", [:]]) > 0)
  }
}

/// A strict reader of the text format.
private struct Parsed {
  struct Sample {
    let name: String
    let labels: [String: String]
    let value: Double
  }
  struct Malformed: Error { let line: Substring }

  var kinds: [String: String] = [:]
  var help: [String: String] = [:]
  var samples: [Sample] = []

  init(_ text: String) throws {
    guard text.hasSuffix("\n") else { throw Malformed(line: "no newline at the end") }
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# ") {
        let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4 else { throw Malformed(line: line) }
        let name = String(parts[2])
        if parts[1] == "TYPE" {
          guard kinds.updateValue(String(parts[3]), forKey: name) == nil else {
            throw Malformed(line: line)
          }
        } else {
          help[name] = unescape(parts[3])
        }
      } else {
        samples.append(try Self.sample(line))
      }
    }
  }

  subscript(name: String, labels: [String: String]) -> Double? {
    samples.first { $0.name == name && $0.labels == labels }?.value
  }

  private static func sample(_ line: Substring) throws -> Sample {
    guard let space = line.lastIndex(of: " ") else { throw Malformed(line: line) }
    let value = try number(String(line[line.index(after: space)...]))
    let series = line[..<space]
    guard let brace = series.firstIndex(of: "{") else {
      return Sample(name: String(series), labels: [:], value: value)
    }
    guard series.last == "}" else { throw Malformed(line: line) }
    var rest = series[series.index(after: brace)...].dropLast()
    var labels: [String: String] = [:]
    while !rest.isEmpty {
      guard let equals = rest.firstIndex(of: "="), rest[equals...].dropFirst().first == "\"" else {
        throw Malformed(line: line)
      }
      let name = String(rest[..<equals])
      var end = rest.index(equals, offsetBy: 2)
      let start = end
      while end < rest.endIndex, rest[end] != "\"" {
        end = rest.index(end, offsetBy: rest[end] == "\\" ? 2 : 1)
      }
      guard end < rest.endIndex else { throw Malformed(line: line) }
      labels[name] = unescape(rest[start..<end])
      rest = rest[end...].dropFirst()
      if rest.first == "," { rest = rest.dropFirst() }
    }
    return Sample(name: String(series[..<brace]), labels: labels, value: value)
  }
}

private func number(_ text: String) throws -> Double {
  if text == "+Inf" { return .infinity }
  guard let value = Double(text) else { throw Parsed.Malformed(line: Substring(text)) }
  return value
}

private func unescape(_ text: Substring) -> String {
  var result = ""
  var isEscaped = false
  for character in text {
    if isEscaped {
      result.append(character == "n" ? "\n" : character)
      isEscaped = false
    } else if character == "\\" {
      isEscaped = true
    } else {
      result.append(character)
    }
  }
  return result
}
