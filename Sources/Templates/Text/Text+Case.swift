/// Upper and lower case by Unicode's full mappings; each new letter has the origin of its own.
extension Text {
  var uppercased: Text { mapped(\.uppercaseMapping) }
  var lowercased: Text { mapped(\.lowercaseMapping) }

  /// The first letter in title case, the others in lower case.
  var capitalized: Text {
    let first = Text(letters.prefix(1)).mapped(\.titlecaseMapping)
    return Text(first.letters + Text(letters.dropFirst()).lowercased.letters)
  }

  /// Every word begins upper case and goes on lower case; words are parted by white space and any
  /// of `-([{<`.
  var titled: Text {
    var result: [Letter] = []
    var startsWord = true
    for letter in letters {
      let one = Text([letter])
      result += (startsWord ? one.uppercased : one.lowercased).letters
      startsWord =
        switch letter.scalar {
        case "-", "(", "[", "{", "<": true
        default: letter.isSpace
        }
    }
    return Text(result)
  }

  private func mapped(_ mapping: (Unicode.Scalar.Properties) -> String) -> Text {
    var result: [Letter] = []
    result.reserveCapacity(count)
    for letter in letters {
      for scalar in mapping(letter.scalar.properties).unicodeScalars {
        result.append(letter.with(scalar))
      }
    }
    return Text(result)
  }
}
