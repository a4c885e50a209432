#include "CSimdjson.h"

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <string>

namespace {

// What a thread keeps between calls: allocating a parser costs more than parsing a small message.
struct Workspace {
    simdjson::dom::parser parser;
    std::unique_ptr<uint8_t[]> padded;
    size_t capacity = 0;
};

// A workspace that served a longer document is dropped at the next call (the tape takes 8 bytes for each input byte).
constexpr size_t kept_capacity = 256 * 1024;

thread_local std::unique_ptr<Workspace> workspace;

// Copies the document to where simdjson may read past its end.
void load(const uint8_t *bytes, size_t length) {
    if (workspace && workspace->capacity > kept_capacity) workspace.reset();
    if (!workspace) workspace = std::make_unique<Workspace>();
    if (!workspace->padded || workspace->capacity < length) {
        size_t capacity = length < 4096 ? 4096 : length;
        workspace->padded.reset(new uint8_t[capacity + simdjson::SIMDJSON_PADDING]);
        workspace->capacity = capacity;
    }
    if (length > 0) std::memcpy(workspace->padded.get(), bytes, length);
    std::memset(workspace->padded.get() + length, 0, simdjson::SIMDJSON_PADDING);
}

simdjson::error_code parse(size_t length) {
    return workspace->parser.parse(workspace->padded.get(), length, false).error();
}

bool is_number_byte(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' || byte == 'e' || byte == 'E';
}

// Whether a number token is an integer outside int64. simdjson reads a few of those itself, which does no harm.
bool is_long_integer(const uint8_t *token, size_t length) {
    bool negative = token[0] == '-';
    const uint8_t *digits = token + negative;
    size_t count = length - negative;
    constexpr size_t longest = 19;
    if (count < longest) return false;
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9') return false;
    }
    if (count > longest) return true;
    return std::memcmp(digits, negative ? "9223372036854775808" : "9223372036854775807", longest) > 0;
}

// simdjson refuses integers above UINT64_MAX and below INT64_MIN. JSON allows them and we read them as doubles:
// `e0` put behind each long integer makes simdjson do that. A token is changed only where it is digits alone, so
// what was no JSON before is none afterwards.
std::string with_long_integers_as_doubles(const uint8_t *bytes, size_t length) {
    std::string text;
    text.reserve(length + 64);
    bool in_string = false;
    for (size_t i = 0; i < length;) {
        uint8_t byte = bytes[i];
        if (in_string || !is_number_byte(byte)) {
            if (byte == '"') in_string = !in_string;
            text.push_back(char(byte));
            i++;
            if (in_string && byte == '\\' && i < length) text.push_back(char(bytes[i++]));
            continue;
        }
        size_t start = i;
        while (i < length && is_number_byte(bytes[i])) i++;
        text.append(reinterpret_cast<const char *>(bytes) + start, i - start);
        if (is_long_integer(bytes + start, i - start)) text.append("e0");
    }
    return text;
}

bool holds_surrogate_escape(const uint8_t *bytes, size_t length) {
    const uint8_t *at = bytes;
    const uint8_t *end = bytes + length;
    while (at < end && (at = static_cast<const uint8_t *>(std::memchr(at, '\\', size_t(end - at))))) {
        if (end - at >= 3 && at[1] == 'u' && (at[2] == 'd' || at[2] == 'D')) return true;
        at += 2;
    }
    return false;
}

satchel_json_result result(simdjson::error_code code) {
    switch (code) {
    case simdjson::SUCCESS: return SATCHEL_JSON_OK;
    case simdjson::EMPTY: return SATCHEL_JSON_EMPTY;
    case simdjson::UTF8_ERROR: return SATCHEL_JSON_UTF8;
    case simdjson::STRING_ERROR: case simdjson::UNCLOSED_STRING: case simdjson::UNESCAPED_CHARS:
        return SATCHEL_JSON_STRING;
    case simdjson::NUMBER_ERROR: return SATCHEL_JSON_NUMBER;
    case simdjson::DEPTH_ERROR: return SATCHEL_JSON_DEPTH;
    case simdjson::MEMALLOC: case simdjson::CAPACITY: return SATCHEL_JSON_MEMORY;
    default: return SATCHEL_JSON_SYNTAX;
    }
}

}  // namespace

satchel_json_result satchel_json_parse(const uint8_t *bytes, size_t length, satchel_json_tape *out) {
    try {
        load(bytes, length);
        simdjson::error_code code = parse(length);
        if (code == simdjson::NUMBER_ERROR) {
            std::string text = with_long_integers_as_doubles(bytes, length);
            if (text.size() > length) {
                load(reinterpret_cast<const uint8_t *>(text.data()), text.size());
                code = parse(text.size());
            }
        }
        if (code != simdjson::SUCCESS) return result(code);
        out->tape = workspace->parser.doc.tape.get();
        out->strings = workspace->parser.doc.string_buf.get();
        out->may_hold_surrogates = holds_surrogate_escape(bytes, length);
        return SATCHEL_JSON_OK;
    } catch (...) {
        workspace.reset();
        return SATCHEL_JSON_MEMORY;
    }
}
