internal import Bytes
internal import JSON

/// Hugging Face's preprocessor_config.json, every key of which is understood or refused.
struct PreprocessorFile {
  private let root: JSONValue
  let family: PreprocessorFamily

  /// Keys with a meaning here.
  private static let known: Set<String> = [
    "crop_pct", "crop_size", "data_format", "default_to_square", "do_center_crop", "do_convert_rgb",
    "do_flip_channel_order", "do_normalize", "do_rescale", "do_resize", "feature_extractor_type",
    "image_mean", "image_processor_type", "image_std", "resample", "rescale_factor", "size",
  ]
  /// Keys that change nothing about one picture: names, what is said of label maps, and how several
  /// pictures are put together.
  private static let inert: Set<String> = [
    "_valid_processor_keys", "device", "disable_grouping", "do_reduce_labels", "image_seq_length",
    "input_data_format", "processor_class", "reduce_labels", "return_tensors",
  ]

  init(_ root: JSONValue) throws(PreprocessorError) {
    guard root.kind == .object else {
      throw PreprocessorError("preprocessor_config.json", "must hold an object")
    }
    self.root = root
    try root.forEachMember { (key, value) throws(PreprocessorError) in
      let name = unsafe key.withUnsafeBufferPointer {
        unsafe String(decoding: $0, as: UTF8.self)
      }
      if Self.known.contains(name) || Self.inert.contains(name) { return }
      // What is off needs no understanding.
      if value.isNull || value.boolean == false { return }
      throw PreprocessorError(
        VisibleText.shortened(VisibleText.lines(name), bytes: 64),
        "is not supported; supported are \(Self.known.sorted().joined(separator: ", "))")
    }
    let key =
      root["image_processor_type"] == nil ? "feature_extractor_type" : "image_processor_type"
    guard let type = try Self.text(root, key) else {
      family = .unnamed
      return
    }
    guard let family = PreprocessorFamily.named(type) else {
      let names = PreprocessorFamily.all.map { $0.name + "ImageProcessor" }
      throw PreprocessorError(
        key,
        "is \(VisibleText.shortened(VisibleText.lines(type), bytes: 64)); supported are "
          + names.joined(separator: ", "))
    }
    self.family = family
  }

  func has(_ key: String) -> Bool { value(key) != nil }

  func flag(_ key: String) throws(PreprocessorError) -> Bool? {
    guard let value = value(key) else { return nil }
    guard let flag = value.boolean else { throw PreprocessorError(key, "must be true or false") }
    return flag
  }

  func text(_ key: String) throws(PreprocessorError) -> String? { try Self.text(root, key) }

  func number(_ key: String) throws(PreprocessorError) -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.number else { throw PreprocessorError(key, "must be a number") }
    return number
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(PreprocessorError) -> Int? {
    guard let value = value(key) else { return nil }
    return try Self.side(value, key, in: range)
  }

  /// One number for each channel; a single one is for all of them.
  func numbers(_ key: String) throws(PreprocessorError) -> [Float]? {
    guard let value = value(key) else { return nil }
    if let number = value.number { return [Float](repeating: Float(number), count: 3) }
    var numbers: [Float] = []
    guard value.kind == .array, value.appendFloats(to: &numbers) == nil,
      numbers.count == 1 || numbers.count == 3
    else {
      throw PreprocessorError(key, "must be a number, or an array of 3 (colours) or 1 (grey)")
    }
    return numbers
  }

  /// What `size` and `crop_size` say: both sides, or the shorter one.
  enum Size: Equatable {
    case exact(PixelSize)
    case edge(Int)
  }

  /// `{"height": h, "width": w}`, `{"shortest_edge": n}`, `[h, w]` or `n`.
  func size(_ key: String, squares: Bool) throws(PreprocessorError) -> Size? {
    guard let value = value(key) else { return nil }
    if value.kind == .integer {
      let side = try Self.side(value, key)
      return squares ? .exact(PixelSize(width: side, height: side)) : .edge(side)
    }
    if let sides = value.elements, sides.count == 2 {
      return .exact(
        PixelSize(width: try Self.side(sides[1], key), height: try Self.side(sides[0], key)))
    }
    if value.kind == .object {
      var others = 0
      try value.forEachMember { (name, member) throws(PreprocessorError) in
        let isKnown = ["height", "width", "shortest_edge"].contains { name.isEqual(to: $0) }
        if !isKnown, !member.isNull { others += 1 }
      }
      let (height, width) = (value["height"].present, value["width"].present)
      if let height, let width, value["shortest_edge"].present == nil, others == 0 {
        return .exact(
          PixelSize(width: try Self.side(width, key), height: try Self.side(height, key)))
      }
      if let edge = value["shortest_edge"].present, height == nil, width == nil, others == 0 {
        return .edge(try Self.side(edge, key))
      }
    }
    throw PreprocessorError(
      key, #"must be {"height": h, "width": w}, {"shortest_edge": n}, [h, w] or a number"#)
  }

  private func value(_ key: String) -> JSONValue? { root[key].present }

  private static func text(_ root: JSONValue, _ key: String) throws(PreprocessorError) -> String? {
    guard let value = root[key].present else { return nil }
    guard let text = value.string else { throw PreprocessorError(key, "must be a string") }
    return text
  }

  private static func side(
    _ value: JSONValue, _ key: String, in range: ClosedRange<Int> = PreprocessorSettings.sides
  ) throws(PreprocessorError) -> Int {
    guard let number = value.integer, range ~= number else {
      throw PreprocessorError(
        key, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}

extension JSONValue? {
  /// nil for null as well.
  fileprivate var present: JSONValue? { flatMap { $0.isNull ? nil : $0 } }
}

extension Span<UInt8> {
  fileprivate func isEqual(to text: String) -> Bool {
    let text = text.utf8.span
    return count == text.count && indices.allSatisfy { self[$0] == text[$0] }
  }
}
