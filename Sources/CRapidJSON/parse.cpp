#include "CRapidJSON.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

// Its vector loops let control characters from 0x1A on pass in strings: callers look for them.
#if defined(__SSE2__)
#define RAPIDJSON_SSE2
#elif defined(__ARM_NEON)
#define RAPIDJSON_NEON
#endif
#include <rapidjson/reader.h>

namespace {

using namespace rapidjson;

// Numbers are converted here: the library's own conversion of Debian's version overflows on exponents
// far below zero (CVE-2024-38517).
constexpr unsigned flags = kParseInsituFlag | kParseNumbersAsStringsFlag;

bool is_ascii(const char *text, size_t count) {
  uint64_t seen = 0, word;
  for (; count >= 8; text += 8, count -= 8) {
    std::memcpy(&word, text, 8);
    seen |= word;
  }
  for (; count > 0; text++, count--) seen |= uint8_t(*text);
  return (seen & 0x8080808080808080) == 0;
}

// Of a string after its escapes, so that half of a surrogate pair that was escaped is found too.
bool is_utf8(const char *text, size_t count) {
  struct Sink {
    void Put(char) {}
  } sink;
  MemoryStream stream(text, count);
  while (stream.Tell() < count)
    if (!UTF8<>::Validate(stream, sink)) return false;
  return stream.Tell() == count;
}

// Takes the parser's events and lists the values.
class List {
 public:
  List(char *text, rj_node *nodes, size_t capacity) : text(text), nodes(nodes), capacity(capacity) {}

  rj_result problem{RJ_FINE, 0};

  bool Null() { return add(RJ_NULL); }
  bool Bool(bool value) { return add(value ? RJ_TRUE : RJ_FALSE); }

  bool RawNumber(const char *number, SizeType length, bool) {
    const char *end = number + length;
    bool is_real = std::any_of(number, end, [](char c) { return c == '.' || c == 'e' || c == 'E'; });
    if (!is_real) {
      int64_t integer;
      if (std::from_chars(number, end, integer).ec == std::errc()) {
        if (!add(RJ_INTEGER)) return false;
        nodes[count - 1].integer = integer;
        return true;
      }
    }
    double real;
    if (std::from_chars(number, end, real).ec != std::errc()) {
      // Too big or too small; which of them the older function says. What ends a number ends it too.
      real = std::strtod(number, nullptr);
      if (!std::isfinite(real)) return fail(RJ_TOO_BIG, number);
    }
    if (!add(RJ_REAL)) return false;
    nodes[count - 1].real = real;
    return true;
  }

  bool String(const char *string, SizeType length, bool) {
    if (!is_ascii(string, length) && !is_utf8(string, length)) return fail(RJ_ENCODING, string);
    if (!add(RJ_STRING)) return false;
    nodes[count - 1].size = length;
    nodes[count - 1].start = size_t(string - text);
    return true;
  }
  bool Key(const char *string, SizeType length, bool copy) { return String(string, length, copy); }

  bool StartObject() { return start(RJ_OBJECT); }
  bool StartArray() { return start(RJ_ARRAY); }
  bool EndArray(SizeType elements) {
    end(elements);
    return true;
  }
  bool EndObject(SizeType members) {
    size_t object = open;
    end(members);
    return are_keys_unique(nodes + object + 1, members);
  }

  // Never asked for, as numbers come raw.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  char *const text;
  rj_node *const nodes;
  const size_t capacity;
  size_t count = 0;
  // The innermost container; until it ends its width is the index of the one around it.
  size_t open = 0;

  bool fail(rj_error error, const char *place) {
    problem = {error, size_t(place - text)};
    return false;
  }

  bool add(rj_kind kind) {
    if (count == capacity) return fail(RJ_FULL, text);
    nodes[count].kind = kind;
    nodes[count].size = 0;
    count++;
    return true;
  }

  bool start(rj_kind kind) {
    if (!add(kind)) return false;
    nodes[count - 1].width = open;
    open = count - 1;
    return true;
  }

  void end(SizeType size) {
    rj_node &node = nodes[open];
    size_t around = node.width;
    node.size = size;
    node.width = count - open;
    open = around;
  }

  // Less than zero, zero or more, by length first.
  int compare(const rj_node *a, const rj_node *b) const {
    if (a->size != b->size) return a->size < b->size ? -1 : 1;
    return std::memcmp(text + a->start, text + b->start, a->size);
  }

  // Sorts, where there are so many that comparing each with each takes longer.
  bool are_keys_unique(const rj_node *key, SizeType members) {
    constexpr SizeType few = 16;
    const rj_node *near[few];
    std::unique_ptr<const rj_node *, decltype(&std::free)> far(nullptr, std::free);
    const rj_node **keys = near;
    if (members > few) {
      far.reset(static_cast<const rj_node **>(std::malloc(members * sizeof *keys)));
      keys = far.get();
      if (keys == nullptr) return fail(RJ_FULL, text);
    }
    for (SizeType i = 0; i < members; i++) {
      keys[i] = key++;
      key += key->kind >= RJ_ARRAY ? key->width : 1;
    }
    if (members <= few) {
      for (SizeType i = 1; i < members; i++)
        for (SizeType j = 0; j < i; j++)
          if (compare(keys[i], keys[j]) == 0) return fail(RJ_DUPLICATE, text + keys[i]->start);
      return true;
    }
    std::sort(keys, keys + members, [this](auto a, auto b) { return compare(a, b) < 0; });
    for (SizeType i = 1; i < members; i++)
      if (compare(keys[i - 1], keys[i]) == 0)
        return fail(RJ_DUPLICATE, text + std::max(keys[i - 1]->start, keys[i]->start));
    return true;
  }
};

// `found`: what is to blame, zero for the text's end too.
rj_error error_of(ParseErrorCode code, bool at_end, uint8_t found) {
  switch (code) {
    case kParseErrorNone: return RJ_FINE;
    case kParseErrorDocumentRootNotSingular: return RJ_AFTER_ROOT;
    case kParseErrorObjectMissName: return RJ_KEY;
    case kParseErrorObjectMissColon: return RJ_COLON;
    case kParseErrorObjectMissCommaOrCurlyBracket: return RJ_MEMBER_END;
    case kParseErrorArrayMissCommaOrSquareBracket: return RJ_ELEMENT_END;
    case kParseErrorStringUnicodeEscapeInvalidHex: return RJ_HEX;
    case kParseErrorStringUnicodeSurrogateInvalid: return RJ_SURROGATE;
    // Also said of what is to be escaped and is not.
    case kParseErrorStringEscapeInvalid: return found < 0x20 ? RJ_CONTROL : RJ_ESCAPE;
    case kParseErrorStringMissQuotationMark: return at_end ? RJ_UNENDED : RJ_CONTROL;
    case kParseErrorStringInvalidEncoding: return RJ_CONTROL;
    case kParseErrorNumberTooBig: return RJ_TOO_BIG;
    case kParseErrorNumberMissFraction: return RJ_FRACTION;
    case kParseErrorNumberMissExponent: return RJ_EXPONENT;
    default: return RJ_VALUE;
  }
}

}  // namespace

rj_result rj_parse(char *text, size_t count, rj_node *nodes, size_t capacity) {
  List list(text, nodes, capacity);
  // Neither strings nor raw numbers use its stack, so it allocates nothing.
  Reader reader;
  InsituStringStream stream(text);
  ParseResult result = reader.Parse<flags>(stream, list);
  if (list.problem.error != RJ_FINE) return list.problem;
  if (result.IsError()) {
    size_t offset = std::min(result.Offset(), count);
    return {error_of(result.Code(), offset == count, uint8_t(text[offset])), offset};
  }
  // A zero byte after the value reads as the text's end.
  if (stream.Tell() < count) return {RJ_AFTER_ROOT, stream.Tell()};
  return {RJ_FINE, 0};
}
