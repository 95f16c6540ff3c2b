/* base64: the standard alphabet with padding, as kubeconfigs carry certificates and keys. */
#ifndef KUBE_BASE64_H
#define KUBE_BASE64_H

#include "base/buf.h"

/* base64_decode: appends to out; false for a character, a padding or a length that does not belong
 * there, or when out is full. Line breaks and blanks are passed over. */
bool base64_decode(const char *text, struct buf *out) MUST_USE;

#endif
