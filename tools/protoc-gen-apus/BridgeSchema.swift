import CDescriptor
import Glibc

// The bridge schema: the same wire format in the words that protobuf-c speaks best.
//
//   .proto                       bridge schema (what protoc-gen-c sees)
//   string                       bytes: keeps the length: NUL bytes survive, nothing is counted
//   enum                         int32: the same varint; no enumerators to collide in C
//   proto3 field, `optional`     proto2 `optional`: has_<name> tells presence; protoc-gen-c 1.4.1
//                                refuses proto3's `optional`
//   required                     optional: Swift reports what is missing, by name
//   map entry                    ordinary message with optional key and value
//   default values, services,    gone
//   comments, options
//
// All of it changes descriptors in place; they are never sent on as they are.

/// Rewrites every file of a request.
func makeBridgeSchema(
  _ request: UnsafePointer<Google__Protobuf__Compiler__CodeGeneratorRequest>
) {
  for index in 0..<(unsafe request.pointee.n_proto_file) {
    guard let file = unsafe request.pointee.proto_file[index] else { continue }
    let isProto3 = unsafe text(file.pointee.syntax) == "proto3"
    unsafe file.pointee.syntax = strdup("proto2")
    unsafe file.pointee.n_enum_type = 0
    unsafe file.pointee.n_service = 0
    unsafe file.pointee.n_extension = 0
    unsafe file.pointee.options = nil
    unsafe file.pointee.source_code_info = nil
    for place in 0..<(unsafe file.pointee.n_message_type) {
      unsafe bridge(message: file.pointee.message_type[place]!, isProto3)
    }
  }
}

private func bridge(
  message: UnsafeMutablePointer<Google__Protobuf__DescriptorProto>, _ isProto3: Bool
) {
  unsafe message.pointee.n_enum_type = 0
  unsafe message.pointee.n_extension = 0
  unsafe message.pointee.n_extension_range = 0
  unsafe message.pointee.n_reserved_range = 0
  unsafe message.pointee.n_reserved_name = 0
  unsafe message.pointee.options = nil
  let fields = unsafe (0..<message.pointee.n_field).map { unsafe message.pointee.field[$0]! }
  let names = unsafe CNames.fields(
    fields.map { unsafe (text($0.pointee.name), $0.pointee.number) })
  var oneofs = 0
  for unsafe (field, name) in unsafe zip(fields, names) {
    unsafe bridge(field: field, name, isProto3)
    if unsafe field.pointee.has_oneof_index != 0 {
      oneofs = unsafe max(oneofs, Int(field.pointee.oneof_index) + 1)
    }
  }
  unsafe message.pointee.n_oneof_decl = oneofs
  for index in 0..<oneofs {
    unsafe message.pointee.oneof_decl[index]!.pointee.name = strdup(CNames.oneof(index))
    unsafe message.pointee.oneof_decl[index]!.pointee.options = nil
  }
  for index in 0..<(unsafe message.pointee.n_nested_type) {
    unsafe bridge(message: message.pointee.nested_type[index]!, isProto3)
  }
}

private func bridge(
  field: UnsafeMutablePointer<Google__Protobuf__FieldDescriptorProto>, _ name: String,
  _ isProto3: Bool
) {
  unsafe field.pointee.name = strdup(name)
  unsafe field.pointee.json_name = nil
  unsafe field.pointee.default_value = nil
  if unsafe field.pointee.proto3_optional != 0 {
    unsafe field.pointee.has_oneof_index = 0
    unsafe field.pointee.has_proto3_optional = 0
    unsafe field.pointee.proto3_optional = 0
  }
  let isRepeated =
    unsafe field.pointee.label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED
  if !isRepeated {
    unsafe field.pointee.label =
      GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL
  }
  let type = unsafe field.pointee.type
  let isEnum = type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM
  let isText = type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING
  let isBytes = type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES
  let isMessage = type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE
  if isText {
    unsafe field.pointee.type = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES
  }
  if isEnum {
    unsafe field.pointee.type = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32
    unsafe field.pointee.type_name = nil
  }
  let isPackable = !isText && !isBytes && !isMessage
  let chosen = unsafe field.pointee.options.map { unsafe $0.pointee.has_packed != 0 } ?? false
  let packed = unsafe chosen ? field.pointee.options.pointee.packed != 0 : isProto3
  unsafe field.pointee.options = nil
  if isRepeated, isPackable, packed {
    let options = UnsafeMutablePointer<Google__Protobuf__FieldOptions>.allocate(capacity: 1)
    unsafe google__protobuf__field_options__init(options)
    unsafe options.pointee.has_packed = 1
    unsafe options.pointee.packed = 1
    unsafe field.pointee.options = unsafe options
  }
}
