/* json: JSON texts one behind the other. Used within doc only. */
#ifndef DOC_JSON_H
#define DOC_JSON_H

#include <jansson.h>

#include "base/err.h"

/* json_check_bounds: depth and number of values of all texts, before jansson recurses into them and
 * allocates. RW1110_JSON_SYNTAX. */
struct err *json_check_bounds(const char *bytes, size_t len, const char *name) MUST_USE;

/* json_parse_first: the JSON text that the bytes, whose bounds have been checked, begin with;
 * *used counts its bytes, leading blanks included. RW1110_JSON_SYNTAX. */
struct err *json_parse_first(const char *bytes, size_t len, const char *name, json_t **out, size_t *used) MUST_USE;

#endif
