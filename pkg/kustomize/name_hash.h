/* name_hash: what kustomize puts behind the name of a generated ConfigMap or Secret, so that other
 * content has another name. For this package alone. */
#ifndef KUSTOMIZE_NAME_HASH_H
#define KUSTOMIZE_NAME_HASH_H

#include "doc/tree.h"

#define NAME_HASH_ROOM (10 + 1)

/* name_hash: of its kind, data, binaryData and type, as api/hasher/hasher.go has it: the first
 * 10 hex digits of the SHA-256 of their JSON by Go's encoder, with the digits that could be part of a
 * word exchanged. RW9005_RESOURCES when OpenSSL has no SHA-256. */
struct err *name_hash(const json_t *object, char out[NAME_HASH_ROOM]) MUST_USE;

#endif
