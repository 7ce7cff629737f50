/// An open enum: numbers that this version does not know survive as `unrecognized`.
struct EnumGenerator {
  let file: FileGenerator
  let value: Schema.EnumType

  init(_ file: FileGenerator, _ value: Schema.EnumType) {
    self.file = file
    self.value = value
  }

  func declaration(_ out: inout SourcePrinter) {
    let access = file.options.visibility
    let names = SwiftNames.cases(of: value)
    var first: [Int32: String] = [:]
    var distinct: [(name: String, number: Int32, contract: String, comment: String)] = []
    var aliases: [(name: String, of: String, comment: String)] = []
    for (name, entry) in zip(names, value.values) {
      if let original = first[entry.number] {
        aliases.append((name, original, entry.comment))
      } else {
        first[entry.number] = name
        distinct.append((name, entry.number, entry.name, entry.comment))
      }
    }
    out.documentation(value.comment, fallback: "`\(value.fullName)`")
    out.block("\(access) enum \(SwiftNames.type(value.name)): OpenEnum") { out in
      for entry in distinct {
        out.documentation(entry.comment)
        out.print("case \(entry.name)")
      }
      out.print("/// A number that this version does not know.", "case unrecognized(Int32)")
      for alias in aliases {
        out.print("")
        out.documentation(alias.comment, fallback: "Another name of `\(alias.of)`.")
        out.print("\(access) static var \(alias.name): Self { .\(alias.of) }")
      }
      out.print("")
      out.block("\(access) init(rawValue: Int32)") { out in
        out.print("switch rawValue {")
        for entry in distinct { out.print("case \(entry.number): self = .\(entry.name)") }
        out.print("default: self = .unrecognized(rawValue)", "}")
      }
      out.print("")
      out.block("\(access) var rawValue: Int32") { out in
        out.print("switch self {")
        for entry in distinct { out.print("case .\(entry.name): \(entry.number)") }
        out.print("case .unrecognized(let number): number", "}")
      }
      out.print("")
      out.block("\(access) var contractName: String") { out in
        out.print("switch self {")
        for entry in distinct { out.print("case .\(entry.name): \"\(entry.contract)\"") }
        out.print("case .unrecognized(let number): \"\\(number)\"", "}")
      }
    }
  }
}
