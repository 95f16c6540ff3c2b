/* name: N(x) of docs/discovery.md: names are compared in lower case with runs of "_", "." and
 * blanks read as "-", and written as they are spelt on disk. */
#ifndef WORKSPACE_NAME_H
#define WORKSPACE_NAME_H

#include "base/mem.h"

char *name_normal(const char *name) MUST_USE;
bool name_equal(const char *a, const char *b); /* NULL equals nothing */

/* image_base: "web" of "registry.local:5000/shop/web:dev@sha256:…". */
char *image_base(const char *reference) MUST_USE;

/* name_is_dns1123: a name that Kubernetes takes for most objects (RFC 1123 subdomain). */
bool name_is_dns1123(const char *name);

#endif
