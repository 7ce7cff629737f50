internal import JSON
internal import Messages

extension OpenInference.ModelInferRequest {
  /// Reads the body of `POST /v2/models/{name}/infer`; which model is the path's to say.
  init(_ fields: Fields) throws(FieldError) {
    self.init()
    try fields.allowOnly(["id", "parameters", "inputs", "outputs"])
    id = try fields.string("id") ?? ""
    parameters = try fields.inferParameters()
    guard let elements = try fields.array("inputs") else {
      throw fields.error("inputs", "is missing; expected an array")
    }
    for (index, element) in elements.enumerated() {
      inputs.append(try InferInputTensor(Fields(element, at: fields.place("inputs[\(index)]"))))
    }
    guard let elements = try fields.array("outputs") else { return }
    for (index, element) in elements.enumerated() {
      outputs.append(
        try InferRequestedOutputTensor(Fields(element, at: fields.place("outputs[\(index)]"))))
    }
  }
}

extension OpenInference.ModelInferRequest.InferInputTensor {
  fileprivate init(_ fields: Fields) throws(FieldError) {
    self.init()
    try fields.allowOnly(["name", "shape", "datatype", "parameters", "data"])
    name = try fields.requiredString("name")
    for key in ["shape", "data"] {
      guard try fields.array(key) != nil else {
        throw fields.error(key, "is missing; expected an array")
      }
    }
    let tensor = try ApusV1.Tensor(fields, type: "datatype")
    datatype = tensor.dataType.name
    shape = tensor.shape
    contents = OpenInference.InferTensorContents(tensor)
    parameters = try fields.inferParameters()
  }
}

extension OpenInference.ModelInferRequest.InferRequestedOutputTensor {
  fileprivate init(_ fields: Fields) throws(FieldError) {
    self.init()
    try fields.allowOnly(["name", "parameters"])
    name = try fields.requiredString("name")
    parameters = try fields.inferParameters()
  }
}

extension OpenInference.InferTensorContents {
  fileprivate init(_ tensor: ApusV1.Tensor) {
    let isTruth = tensor.dataType == .bool
    self.init(
      boolContents: isTruth ? tensor.ints.map { $0 != 0 } : [],
      intContents: isTruth ? [] : tensor.ints, int64Contents: tensor.longs,
      uintContents: tensor.uints, uint64Contents: tensor.ulongs, fp32Contents: tensor.floats,
      fp64Contents: tensor.doubles, bytesContents: tensor.byteStrings)
  }
}

extension Fields {
  /// `parameters`: an object of strings, numbers and booleans.
  fileprivate func inferParameters() throws(FieldError) -> [String: OpenInference.InferParameter] {
    guard let named = try object("parameters") else { return [:] }
    var parameters: [String: OpenInference.InferParameter] = [:]
    try named.value.forEachMember { (key, value) throws(FieldError) in
      let name = Fields.text(key)
      if value.isNull { return }
      guard let choice = OpenInference.InferParameter.ParameterChoice(value) else {
        throw named.unexpected(
          String(name.prefix(100)), value, "a string, a number, true or false")
      }
      parameters[name] = OpenInference.InferParameter(parameterChoice: choice)
    }
    return parameters
  }
}

extension OpenInference.InferParameter.ParameterChoice {
  fileprivate init?(_ value: JSONValue) {
    if let text = value.string {
      self = .stringParam(text)
    } else if let truth = value.boolean {
      self = .boolParam(truth)
    } else if let number = Fields.integer(value) {
      self = .int64Param(Int64(number))
    } else if let number = value.number {
      self = .doubleParam(number)
    } else {
      return nil
    }
  }
}

// MARK: - Answers

extension OpenInference.ModelInferResponse {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("model_name", modelName)
      // No version answers where an operator wrote the answer.
      if !modelVersion.isEmpty { json.member("model_version", modelVersion) }
      if !id.isEmpty { json.member("id", id) }
      parameters.writeMember(to: &json)
      json.key("outputs")
      json.array(outputs) { json, output in output.write(to: &json) }
    }
  }
}

extension OpenInference.ModelInferResponse.InferOutputTensor {
  fileprivate func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member("datatype", datatype)
      json.key("shape")
      json.array(shape) { json, size in json.integer(size) }
      parameters.writeMember(to: &json)
      json.key("data")
      ApusV1.Tensor(datatype, contents ?? OpenInference.InferTensorContents()).writeData(to: &json)
    }
  }
}

extension ApusV1.Tensor {
  /// The elements of typed contents.
  fileprivate init(_ datatype: String, _ contents: OpenInference.InferTensorContents) {
    self.init()
    dataType = DataType.named.first { $0.name == datatype }?.type ?? .unspecified
    floats = contents.fp32Contents
    doubles = contents.fp64Contents
    ints = dataType == .bool ? contents.boolContents.map { $0 ? 1 : 0 } : contents.intContents
    longs = contents.int64Contents
    uints = contents.uintContents
    ulongs = contents.uint64Contents
    byteStrings = contents.bytesContents
  }
}

extension [String: OpenInference.InferParameter] {
  fileprivate func writeMember(to json: inout JSONWriter) {
    if isEmpty { return }
    json.key("parameters")
    json.object { json in
      for (name, parameter) in sorted(by: { $0.key < $1.key }) {
        switch parameter.parameterChoice {
        case .boolParam(let truth): json.member(name, truth)
        case .int64Param(let number): json.member(name, number)
        case .uint64Param(let number): json.member(name, number)
        case .doubleParam(let number): json.member(name, number)
        case .stringParam(let text): json.member(name, text)
        case nil: break
        }
      }
    }
  }
}
