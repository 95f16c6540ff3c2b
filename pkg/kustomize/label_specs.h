/* label_specs: where labels and annotations go, as kustomize's commonlabels.go, metadatalabels.go and
 * commonannotations.go have it. For transform.c alone. */
#ifndef KUSTOMIZE_LABEL_SPECS_H
#define KUSTOMIZE_LABEL_SPECS_H

#include "kustomize/spec.h"

struct spec_table {
    const struct field_spec *rows;
    size_t count;
};

extern const struct spec_table metadata_specs;   /* the object's own labels */
extern const struct spec_table template_specs;   /* those of the pods, Jobs and claims that it makes */
extern const struct spec_table selector_specs;   /* what it finds pods by */
extern const struct spec_table annotation_specs; /* the object's own and its pods' annotations */

#endif
