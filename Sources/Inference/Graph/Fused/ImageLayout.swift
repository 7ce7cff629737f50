internal import Compute
internal import Models

/// How the floats of images lie between operators: planes, as graphs define it, or channels last,
/// as convolutions compute. Inside a graph they stay channels last from one operator to the next.
protocol ImageOperator: GraphOperator {
  /// For each input that is images, whether it comes channels last.
  var takesLast: [Bool] { get set }
  /// Whether its answer is given so.
  var givesLast: Bool { get set }
}

/// Images of floats, channels last.
struct FloatImages {
  let tensor: GraphTensor
  let images: Int
  let height: Int
  let width: Int
  let channels: Int

  init(_ tensor: GraphTensor) throws {
    guard tensor.rank == 4, tensor.elementType == .float else {
      throw GraphError("\(tensor.elementType.name) \(tensor.shape) is no tensor of images")
    }
    self.tensor = tensor
    images = tensor.shape[0]
    height = tensor.shape[1]
    width = tensor.shape[2]
    channels = tensor.shape[3]
  }

  /// A row for each image.
  var rows: FloatRows { tensor.rows(of: max(1, height * width * channels)) }
}

extension GraphContext {
  /// An input of images, channels last.
  func lastImages(_ x: GraphTensor, isLast: Bool, _ processor: Processor) throws -> FloatImages {
    guard !isLast else { return try FloatImages(x) }
    guard x.rank == 4, x.elementType == .float else { return try FloatImages(x) }
    let (images, channels) = (x.shape[0], x.shape[1])
    let area = x.shape[2] * x.shape[3]
    let shape = [images, x.shape[2], x.shape[3], channels]
    if area == 1 || channels == 1 { return try FloatImages(GraphTensor(x, shape: shape)) }
    let turned = try unwritten(shape)
    if x.count > 0 {
      processor.turn(x.rows(of: area), matrices: images, into: turned.rows(of: channels))
    }
    return try FloatImages(turned)
  }

  /// An answer of images that are channels last, as planes if so it is wanted.
  func answer(_ x: GraphTensor, isLast: Bool, _ processor: Processor) throws -> GraphTensor {
    guard !isLast else { return x }
    let (images, area, channels) = (x.shape[0], x.shape[1] * x.shape[2], x.shape[3])
    let shape = [images, channels, x.shape[1], x.shape[2]]
    if area == 1 || channels == 1 { return GraphTensor(x, shape: shape) }
    let turned = try unwritten(shape)
    if x.count > 0 {
      processor.turn(x.rows(of: channels), matrices: images, into: turned.rows(of: area))
    }
    return turned
  }
}
