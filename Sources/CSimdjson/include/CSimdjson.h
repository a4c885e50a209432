// A C face on simdjson's DOM parser, because Swift calls C and simdjson is C++.
//
// One call parses a document to simdjson's tape; the caller walks the tape itself, so that a document costs
// one call and not one for each value.
//
// The tape (simdjson, doc/tape.md): 64-bit words, type in the top byte, payload in the 56 bits below.
//
//   'r'  first and last word; the first's payload is the index of the last
//   '{' '['  low 32 bits: index just past the matching end; next 24 bits: count, saturated at 0xFFFFFF
//   '}' ']'  payload: index of the start
//   '"'  payload: offset in `strings` of a 32-bit length in host order, the UTF-8 bytes, and a NUL
//   'l' 'u' 'd'  next word: int64, uint64 (above INT64_MAX only), double
//   't' 'f' 'n'
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum satchel_json_result {
    SATCHEL_JSON_OK = 0,
    SATCHEL_JSON_SYNTAX,
    SATCHEL_JSON_EMPTY,
    SATCHEL_JSON_UTF8,
    SATCHEL_JSON_STRING,
    SATCHEL_JSON_NUMBER,
    SATCHEL_JSON_DEPTH,
    SATCHEL_JSON_MEMORY,
} satchel_json_result;

typedef struct satchel_json_tape {
    const uint64_t *tape;
    const uint8_t *strings;
    // A `\uD…` escape occurs: strings may hold an encoded lone surrogate, which the walker has to refuse.
    bool may_hold_surrogates;
} satchel_json_tape;

// Parses one document. On SATCHEL_JSON_OK `out` points into memory of the calling thread that stays valid until
// its next call. Any bytes may be passed; nothing is read past `length`.
satchel_json_result satchel_json_parse(const uint8_t *bytes, size_t length, satchel_json_tape *out);

#ifdef __cplusplus
}
#endif
