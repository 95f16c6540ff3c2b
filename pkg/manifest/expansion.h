/* expansion: $(NAME) in the value of an env entry, as the kubelet reads it. For environment.c alone.
 *
 * Kubernetes, third_party/forked/golang/expansion: "$$" is a dollar, so "$$(NAME)" stays a text;
 * a name that is not defined, and a "$(" without ")", stay as they are; what is put in is not read again. */
#ifndef MANIFEST_EXPANSION_H
#define MANIFEST_EXPANSION_H

#include "base/mem.h"

/* expansion_fill: the text with value(ctx, NAME) in place of each $(NAME); NULL leaves it. Owned. */
char *expansion_fill(const char *text, const char *(*value)(void *ctx, const char *name), void *ctx) MUST_USE;

#endif
