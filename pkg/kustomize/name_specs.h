/* name_specs: which fields hold the names of which kinds, as kustomize's namereference.go has it. For
 * names.c alone. */
#ifndef KUSTOMIZE_NAME_SPECS_H
#define KUSTOMIZE_NAME_SPECS_H

#include "kustomize/spec.h"

struct name_spec {
    const char *group, *version, *kind; /* what is referred to; empty group or version: any */
    struct field_spec field;            /* of what refers to it */
};

extern const struct name_spec name_specs[];
extern const size_t name_spec_count;

#endif
