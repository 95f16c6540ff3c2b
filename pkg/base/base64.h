/* base64: the standard alphabet with padding (RFC 4648, section 4), as kubeconfigs carry certificates
 * and the engine its progress. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* base64_decode: appends to out; false for a character, a padding or a length that does not belong
 * there, or when out is full. Line breaks and blanks are passed over. */
bool base64_decode(const char *text, struct buf *out) MUST_USE;

#endif
