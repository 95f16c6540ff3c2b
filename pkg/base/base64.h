/* base64 (RFC 4648), with padding: in the standard alphabet (section 4), as kubeconfigs carry
 * certificates, the engine its progress and Secrets their data; in the one for URLs (section 5), as the
 * engine wants a registry's credentials. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* base64_decode: appends to out; false for a character, a padding or a length that does not belong
 * there, or when out is full. Line breaks and blanks are passed over. */
bool base64_decode(const char *text, struct buf *out) MUST_USE;

char *base64_encode(const void *bytes, size_t len) MUST_USE;    /* owned */
char *base64url_encode(const void *bytes, size_t len) MUST_USE; /* owned */

#endif
