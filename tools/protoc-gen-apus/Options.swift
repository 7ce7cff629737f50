/// What the user asked for: `--apus_opt=Visibility=public,CModule=CGreeter`.
struct Options {
  enum Output: String { case swift, c }
  enum Visibility: String { case `public`, package, `internal` }

  /// Swift sources, or the C sources that they stand on.
  var output = Output.swift
  /// Access level of everything that is declared.
  var visibility = Visibility.internal
  /// Module of the generated C.
  var cModule = "CMessages"
  /// Module of the runtime; the module's own name leaves the import out.
  var runtime = "Messages"
  /// Module that is generated for, when that is the runtime itself.
  var module = ""
  /// More modules to import: those with the Swift code of imported .proto files.
  var imports: [String] = []

  init(parsing parameter: String) throws {
    for option in parameter.split(separator: ",") {
      let parts = option.split(separator: "=", maxSplits: 1)
      let name = String(parts[0])
      let value = parts.count == 2 ? String(parts[1]) : ""
      switch name {
      case "Emit": output = try Self.choice(name, value, "swift, c")
      case "Visibility": visibility = try Self.choice(name, value, "public, package, internal")
      case "CModule": cModule = try Self.identifier(name, value)
      case "Runtime": runtime = try Self.identifier(name, value)
      case "Module": module = try Self.identifier(name, value)
      case "Import": imports.append(try Self.identifier(name, value))
      default:
        throw GenerationError(
          "option \(name)",
          "not known; there are Emit, Visibility, CModule, Runtime, Module and Import")
      }
    }
  }

  private static func choice<T: RawRepresentable<String>>(
    _ name: String, _ value: String, _ allowed: String
  ) throws -> T {
    guard let choice = T(rawValue: value) else {
      throw GenerationError("option \(name)=\(value)", "must be one of \(allowed)")
    }
    return choice
  }

  private static func identifier(_ name: String, _ value: String) throws -> String {
    guard SwiftNames.isIdentifier(value) else {
      throw GenerationError("option \(name)=\(value)", "must be the name of a module")
    }
    return value
  }
}
