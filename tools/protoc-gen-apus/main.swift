// A protoc plugin: .proto files → Swift on protobuf-c. docs/codegen.md says how to use it.
runPlugin()
