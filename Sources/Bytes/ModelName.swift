/// What a model may be called: its name is a folder, a part of objects' keys and a metric's label.
package enum ModelName {
  /// For errors.
  package static let rule =
    "a model's name has 1 to 64 of the characters a-z A-Z 0-9 . _ - and begins with no dot"

  package static func isValid(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
      && name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x5F, 0x2D: true
        default: false
        }
      }
  }
}
