import Bytes
import Inference
import TestSupport
import Testing

@testable import Serving

struct GraphSettingsTests {
  private func read(_ yaml: String) throws -> GraphSettings {
    try ModelSettings(yaml: Array(yaml.utf8), file: "model.yaml").graph
  }

  private func problem(_ yaml: String) -> String {
    do { return "\(try read(yaml))" } catch { return "\(error)" }
  }

  @Test func readsWhatItKnows() throws {
    let settings = try read(
      """
      labels: [cat, "dog, wild"]
      image: {size: {height: 32, width: 32}, resample: 2, do_normalize: false}
      quantize: dynamic
      task: embedding
      max_instances: 7
      """)
    #expect(settings.labels == .list(["cat", "dog, wild"]))
    #expect(settings.quantize == .dynamic && settings.task == .embedding)
    #expect(
      settings.image
        == #"{"size":{"height":32,"width":32},"resample":2,"do_normalize":false}"#
    )
    #expect(try read("labels: names.txt").labels == .file("names.txt"))
    #expect(try read("max_instances: 7") == GraphSettings())
  }

  @Test(arguments: [
    ("label: [a]", "model.yaml:1: label is no key; did you mean labels?"),
    (
      "labels: ../names.txt",
      "model.yaml:1: labels: expected a list of names, or the name of a file"
    ),
    ("labels: []", "model.yaml:1: labels: expected a list of names, or the name of a file"),
    (
      "task: class",
      "task: `class`: expected classification, regression, embedding, values or tensors"
    ),
    (
      "task: [values]",
      "task: expected classification, regression, embedding, values or tensors, got a list"
    ),
    ("quantize: static", "quantize: `static`: expected none or dynamic"),
    ("image: yes", "image: expected `key: value` lines, got one value"),
    (
      "task: values\nimage: {sizes: [8, 8]}",
      #"model.yaml:2: image: "sizes" is not supported; supported are "#
    ),
    ("task: values\ntask: values", "model.yaml:2: task is given twice; it is on line 1 already"),
  ])
  func saysWhatIsWrong(yaml: String, expected: String) {
    #expect(problem(yaml).contains(expected), "\(problem(yaml))")
  }

  @Test func aVersionSaysMoreThanItsModel() throws {
    let model = try read("task: values\nlabels: [a]\nquantize: dynamic")
    let version = try read("labels: [b]\nquantize: none")
    let both = model.overridden(by: version)
    #expect(both.labels == .list(["b"]) && both.task == .values)
    #expect(both.quantize == FusionOptions.Quantization.none)
  }

  @Test func aVersionsFileHoldsNothingElse() throws {
    let folder = try TemporaryFolder()
    #expect(try GraphSettings(folder: folder.path) == GraphSettings())
    try folder.write("model.yaml", "task: tensors\n")
    #expect(try GraphSettings(folder: folder.path).task == .tensors)
    try folder.write("model.yaml", "tusk: tensors\nqueue_limit: 3\n")
    let error = #expect(throws: ConfigurationProblems.self) {
      try GraphSettings(folder: folder.path)
    }
    #expect(error?.all.map(\.line) == [1, 2])
    #expect(error?.description.contains("did you mean task?") == true)
    #expect(error?.description.contains("beside the version's folder") == true)
  }
}
