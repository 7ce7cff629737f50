/// A protobuf enum: a closed list of names over an open set of numbers.
public protocol OpenEnum: RawRepresentable, Sendable, Hashable where RawValue == Int32 {
  /// Numbers without a name become `unrecognized`.
  init(rawValue: Int32)
  /// The name as the .proto file spells it; the number where it has none here.
  var contractName: String { get }
}
