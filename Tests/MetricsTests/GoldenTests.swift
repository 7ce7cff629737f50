import Metrics
import Testing

@Suite struct GoldenTests {
  /// Byte for byte what the text format's description wants
  /// (https://prometheus.io/docs/instrumenting/exposition_formats/).
  @Test func theTextFormat() {
    let registry = Registry()
    let calls = registry.counters(
      "rpc_calls_total", help: "Calls, \"ended\"\nor \\not.", labels: ["method", "code"], stripes: 2
    )
    calls.with("/b.C/D", "OK").increment(stripe: 1)
    calls.with("/b.C/D", "OK").increment(by: 41)
    calls.with("quote \" backslash \\ newline \n é\u{202e}", "").increment()
    registry.gauge("connections", help: "Open connections.").set(-3)
    registry.sampled("share", help: "A share.", kind: .gauge) { 0.25 }
    registry.sampled("endless", help: "", kind: .gauge) { .infinity }
    let sizes = registry.histogram("sizes_bytes", help: "Sizes.", unit: .bytes)
    for size: UInt64 in [64, 65, 1 << 31] { sizes.record(size) }

    #expect(Registry.contentType == "text/plain; version=0.0.4; charset=utf-8")
    #expect(
      registry.exposition() == #"""
        # HELP rpc_calls_total Calls, "ended"\nor \\not.
        # TYPE rpc_calls_total counter
        rpc_calls_total{method="/b.C/D",code="OK"} 42
        rpc_calls_total{method="quote \" backslash \\ newline \n é\#u{202e}",code=""} 1
        # HELP connections Open connections.
        # TYPE connections gauge
        connections -3
        # HELP share A share.
        # TYPE share gauge
        share 0.25
        # HELP endless\#u{20}
        # TYPE endless gauge
        endless +Inf
        # HELP sizes_bytes Sizes.
        # TYPE sizes_bytes histogram
        sizes_bytes_bucket{le="64"} 1

        """# + (7...30).map { "sizes_bytes_bucket{le=\"\(1 << $0)\"} 2\n" }.joined() + #"""
          sizes_bytes_bucket{le="+Inf"} 3
          sizes_bytes_sum 2147483777
          sizes_bytes_count 3

          """#)
  }

  /// The bounds of a duration are decimals without binary dust.
  @Test func secondsAreExact() {
    let registry = Registry()
    let seconds = registry.histograms(
      "seconds", help: "", unit: .seconds, labels: [], stripes: 3
    ).with()
    seconds.record(1_500_000_000, stripe: 2)
    let lines = registry.exposition().split(separator: "\n")
    #expect(lines.contains(#"seconds_bucket{le="1.024e-06"} 0"#))
    #expect(lines.contains(#"seconds_bucket{le="0.001048576"} 0"#))
    #expect(lines.contains(#"seconds_bucket{le="2.147483648"} 1"#))
    #expect(lines.contains("seconds_sum 1.5") && lines.contains("seconds_count 1"))
  }

  @Test func stripesAddUp() async {
    let registry = Registry()
    let counter = registry.counters("total", help: "", labels: [], stripes: 8).with()
    let histogram = registry.histograms(
      "sizes", help: "", unit: .count, labels: [], stripes: 8
    ).with()
    await withTaskGroup(of: Void.self) { group in
      for stripe in 0..<8 {
        group.addTask {
          for value in 0..<10_000 {
            counter.increment(stripe: stripe)
            histogram.record(UInt64(value), stripe: stripe)
          }
        }
      }
    }
    #expect(counter.value == 80_000 && histogram.count == 80_000)
    #expect(histogram.sum == 8 * 49_995_000)
  }
}
