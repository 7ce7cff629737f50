import Glibc

/// The results of a run: a table on the terminal as they come, a CSV file at the end.
struct Report {
  /// One measured number.
  struct Row {
    /// Who was measured: apus, or a peer's name.
    var subject: String
    /// What it did, as `key=value` words.
    var work: String
    var threads: Int
    var metric: String
    var value: Double
  }

  private let benchmark: String
  private(set) var rows: [Row] = []

  init(benchmark: String) { self.benchmark = benchmark }

  /// Keeps the number for the CSV; `printed` says it to the reader.
  mutating func add(
    _ subject: String, _ work: String, threads: Int, _ metric: String, _ value: Double
  ) {
    rows.append(Row(subject: subject, work: work, threads: threads, metric: metric, value: value))
  }

  /// Appends the rows to docs/benchmarks/<cpu>/<date>.csv under `root`, as the day's next run;
  /// returns the path.
  func write(root: String) throws(BenchError) -> String {
    let directory = "\(root)/docs/benchmarks/\(Self.cpuName())"
    for part in ["\(root)/docs", "\(root)/docs/benchmarks", directory] { unsafe mkdir(part, 0o755) }
    let date = Self.today()
    let path = "\(directory)/\(date).csv"
    let run = Self.runs(in: path) + 1
    guard let file = unsafe fopen(path, "a") else { throw BenchError("cannot write \(path)") }
    defer { unsafe fclose(file) }
    if unsafe ftell(file) == 0 {
      unsafe fputs("date,run,benchmark,subject,work,threads,metric,value\n", file)
    }
    for row in rows {
      let value = (row.value * 1000).rounded() / 1000
      unsafe fputs(
        "\(date),\(run),\(benchmark),\(row.subject),\(row.work),\(row.threads),\(row.metric),"
          + "\(value)\n", file)
    }
    return path
  }

  /// Runs that are in the file: the number in its last row.
  private static func runs(in path: String) -> Int {
    guard let file = unsafe fopen(path, "r") else { return 0 }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    var last = 0
    while unsafe fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      last = text.split(separator: ",").dropFirst().first.flatMap { Int($0) } ?? last
    }
    return last
  }

  /// The processor's model as a folder name.
  static func cpuName() -> String {
    var name = "unknown"
    if let file = unsafe fopen("/proc/cpuinfo", "r") {
      defer { unsafe fclose(file) }
      var line = [CChar](repeating: 0, count: 512)
      while unsafe fgets(&line, Int32(line.count), file) != nil {
        let text = String(
          decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard text.hasPrefix("model name") || text.hasPrefix("CPU part") else { continue }
        name = text.split(separator: ":").dropFirst().joined(separator: ":")
        break
      }
    }
    let words = name.lowercased().split { !($0.isLetter || $0.isNumber) }
    return words.isEmpty ? "unknown" : words.joined(separator: "-")
  }

  private static func today() -> String {
    var now = time_t(0)
    unsafe time(&now)
    guard let parts = unsafe gmtime(&now)?.pointee else { return "undated" }
    let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
    return "\(year)-\(padded(Int(month)))-\(padded(Int(day)))"
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// `text` set in `width` columns, to the right unless `left`.
func column(_ text: String, _ width: Int, left: Bool = false) -> String {
  let space = String(repeating: " ", count: max(0, width - text.count))
  return left ? text + space : space + text
}

/// `value` with the given decimals.
func fixed(_ value: Double, _ decimals: Int = 0) -> String {
  let scale = pow(10, Double(decimals))
  let rounded = (value * scale).rounded() / scale
  guard decimals > 0 else { return "\(Int(rounded))" }
  let text = "\(rounded)".split(separator: ".", omittingEmptySubsequences: false)
  let fraction = text.count > 1 ? String(text[1].prefix(decimals)) : ""
  return "\(text[0]).\(fraction)" + String(repeating: "0", count: decimals - fraction.count)
}
