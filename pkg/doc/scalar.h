/* scalar: what a YAML scalar is, exactly as sigs.k8s.io/yaml types it: go.yaml.in/yaml/v2
 * resolve.go, then JSON, then apimachinery's numbers (an integral float that JSON prints without
 * exponent becomes an integer). Used within doc only. */
#ifndef DOC_SCALAR_H
#define DOC_SCALAR_H

#include <stdint.h>

#include "doc/tree.h"

struct scalar {
    enum doc_kind kind; /* DOC_STRING: the text as it stands */
    int64_t integer;
    double real;
    bool floating; /* written as a float, whatever kind it became */
    bool boolean;
};

/* scalar_resolve: plain: neither quoted nor a block scalar. tag: as libyaml gives it, NULL if
 * none. The answer is NULL, or why the scalar is refused: a phrase to follow "it" in a message. */
const char *scalar_resolve(const char *tag, bool plain, const char *text, struct scalar *out) MUST_USE;

/* scalar_differs: go.yaml.in/yaml/v3 would make something else of it. s: what scalar_resolve gave. The answer is
 * like its: NULL, or a phrase to follow "it". */
const char *scalar_differs(const struct scalar *s, bool plain, const char *text) MUST_USE;

/* scalar_value: the same as a new tree. */
json_t *scalar_value(const struct scalar *s, const char *text, size_t len) MUST_USE;

/* scalar_key: the key that Kubernetes would see; NULL where it refuses one or where we can't say
 * in the same letters. Owned. */
char *scalar_key(const struct scalar *s, const char *text) MUST_USE;

#endif
