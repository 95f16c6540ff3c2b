/* references: ConfigMaps, Secrets and keys that pods need (M4). */
#ifndef MANIFEST_REFERENCES_H
#define MANIFEST_REFERENCES_H

#include "base/err.h"
#include "manifest/set.h"

struct manifest_reference {
    const struct manifest_object *object; /* the workload; borrowed */
    bool secret;                          /* else a ConfigMap */
    char *namespace;
    char *name;
    char *key;   /* NULL: the object as a whole */
    char *where; /* file:line:column */
};

struct manifest_references {
    struct manifest_reference *items;
    size_t count;
};

/* manifest_missing_references: those of env, envFrom and volumes, without `optional: true`, that
 * no object of the set provides. The caller asks the cluster for them. */
void manifest_missing_references(const struct manifest_set *set, struct manifest_references *out);
void manifest_references_release(struct manifest_references *r);

/* manifest_reads_as_environment: does a container of this workload have a key (NULL: any) of the ConfigMap or Secret
 * in its environment, by env or envFrom, optional or not? The name is one in the workload's namespace. Pure. */
bool manifest_reads_as_environment(const struct manifest_object *o, bool secret, const char *name, const char *key);

/* manifest_reference_error: RW5003_REFERENCE_MISSING for one that the cluster lacks, too. */
struct err *manifest_reference_error(const struct manifest_reference *r) MUST_USE;

#endif
