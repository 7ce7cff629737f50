// Schemas of the Open Inference Protocol, as far as this server goes.

extension Schemas {
  static let openInference: [(name: String, schema: String)] = [
    (
      "OpenInferenceError",
      #"{"type":"object","required":["error"],"properties":{"error":{"type":"string"}}}"#
    ),
    (
      "InferParameters",
      #"""
      {"type":"object","additionalProperties":{"type":["string","number","boolean"]},
      "description":"Known are top_k, normalize, truncate, no_cache and timeout (microseconds)."}
      """#
    ),
    (
      "InferData",
      #"""
      {"type":"array","items":{"type":["array","number","string","boolean"]},
      "description":"Nested as the shape says, or flat."}
      """#
    ),
    (
      "InferRequest",
      ##"{"type":"object","required":["inputs"],"additionalProperties":false,"properties":{"##
        + ##""id":{"type":"string","maxLength":128},"## + parameters
        + ##","inputs":{"type":"array","minItems":1,"items":{"type":"object","##
        + ##""required":["name","shape","datatype","data"],"additionalProperties":false,"##
        + ##""properties":{"name":{"type":"string","minLength":1},"##
        + ##""shape":{"type":"array","items":{"type":"integer","minimum":0}},"##
        + ##""datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","##
        + ##""INT32","INT64","FP32","FP64","BYTES"]},"## + parameters
        + ##","data":{"$ref":"#/components/schemas/InferData"}}}},"##
        + ##""outputs":{"type":"array","items":{"type":"object","required":["name"],"##
        + ##""additionalProperties":false,"properties":{"name":{"type":"string","minLength":1},"##
        + parameters + "}}}}}"
    ),
    (
      "InferResponse",
      ##"{"type":"object","required":["model_name","outputs"],"properties":{"##
        + ##""model_name":{"type":"string"},"model_version":{"type":"string"},"##
        + ##""id":{"type":"string"},"## + parameters
        + ##","outputs":{"type":"array","items":{"type":"object","##
        + ##""required":["name","shape","datatype","data"],"properties":{"##
        + ##""name":{"type":"string"},"shape":{"type":"array","items":{"type":"integer"}},"##
        + ##""datatype":{"type":"string"},"data":{"type":"array"}}}}}}"##
    ),
    (
      "ServerMetadata",
      #"""
      {"type":"object","required":["name","version","extensions"],"properties":{
      "name":{"type":"string"},"version":{"type":"string"},
      "extensions":{"type":"array","items":{"type":"string"}}}}
      """#
    ),
    (
      "TensorMetadata",
      #"""
      {"type":"object","required":["name","datatype","shape"],"properties":{
      "name":{"type":"string"},"datatype":{"type":"string"},
      "shape":{"type":"array","items":{"type":"integer"},"description":"-1 stands for any size."}}}
      """#
    ),
    (
      "ModelMetadata",
      #"""
      {"type":"object","required":["name","versions","platform","inputs","outputs"],"properties":{
      "name":{"type":"string"},"versions":{"type":"array","items":{"type":"string"}},
      "platform":{"type":"string"},
      "inputs":{"type":"array","items":{"$ref":"#/components/schemas/TensorMetadata"}},
      "outputs":{"type":"array","items":{"$ref":"#/components/schemas/TensorMetadata"}}}}
      """#
    ),
  ]

  private static let parameters =
    ##""parameters":{"$ref":"#/components/schemas/InferParameters"}"##
}
