/// One value of those that are read when somebody asks for the text.
package struct Reading: Sendable {
  /// As many as the name has labels.
  package let values: [String]
  package let value: Double

  package init(_ values: [String], _ value: Double) {
    self.values = values
    self.value = value
  }
}

/// Figures that are kept elsewhere.
final class Readings: Exposed {
  let name: String
  let labels: [String]
  let help: String
  let kind: MetricKind
  let read: @Sendable () -> [Reading]

  init(
    name: String, labels: [String], help: String, kind: MetricKind,
    read: @escaping @Sendable () -> [Reading]
  ) {
    self.name = name
    self.labels = labels
    self.help = help
    self.kind = kind
    self.read = read
  }

  func expose(into text: inout Exposition) {
    let readings = read()
    guard !readings.isEmpty else { return }
    text.header(name, help, kind)
    for reading in readings {
      text.sample(
        name, LabelSet(names: labels, values: reading.values), Exposition.number(reading.value))
    }
  }

  /// Whoever is read knows what has gone.
  func forget(_ pairs: [String: String]) {}
}

/// A family's histograms under another name.
final class Renamed: Exposed {
  let name: String
  let labels: [String]
  let help: String
  let family: Family<Histogram>
  let rename: @Sendable ([String]) -> [String]?

  init(
    name: String, labels: [String], help: String, family: Family<Histogram>,
    rename: @escaping @Sendable ([String]) -> [String]?
  ) {
    self.name = name
    self.labels = labels
    self.help = help
    self.family = family
    self.rename = rename
  }

  func expose(into text: inout Exposition) {
    let series = family.series.compactMap { series in
      rename(series.values).map { (values: $0, histogram: series.child) }
    }
    guard !series.isEmpty else { return }
    text.header(name, help, .histogram)
    for (values, histogram) in series {
      histogram.expose(name, LabelSet(names: labels, values: values), .octaves, into: &text)
    }
  }

  /// The family itself forgets.
  func forget(_ pairs: [String: String]) {}
}
