/* resource: an object on its way through the kustomizations, with the names that it had before. A
 * patch or a reference may mean it by any of them. For this package alone. */
#ifndef KUSTOMIZE_RESOURCE_H
#define KUSTOMIZE_RESOURCE_H

#include "base/strv.h"
#include "doc/origins.h"

/* What an object is known by. namespace: effective, so "default" where none is named and a word that
 * no namespace has for kinds that live in none. */
struct resource_id {
    char *namespace;
    char *name;
    char *kind;
};

struct resource {
    json_t *tree;                /* owned */
    struct doc_origins *origins; /* owned */
    struct resource_id *before;  /* oldest first */
    size_t before_count;
    struct strv prefixes; /* innermost first: what keeps equal names of two bases apart */
    struct strv suffixes;
    bool needs_hash;
};

struct resource_list {
    struct resource *items;
    size_t count;
};

/* resource_add: takes both. The pointer is valid until the next is added. */
struct resource *resource_add(struct resource_list *list, json_t *tree_steal, struct doc_origins *origins_steal);
void resource_append_all(struct resource_list *to, struct resource_list *from); /* from is empty afterwards */
void resource_remove(struct resource_list *list, size_t index);
void resource_list_release(struct resource_list *list);

/* What it is now; "" for what it does not say. */
const char *resource_kind(const struct resource *r);
const char *resource_name(const struct resource *r);
const char *resource_namespace(const struct resource *r);

/* resource_in_group, resource_in_version: of its apiVersion; "v1" is version v1 of group "". */
bool resource_in_group(const struct resource *r, const char *group);
bool resource_in_version(const struct resource *r, const char *version);

/* resource_is_cluster_wide: for sure, by the kinds of Kubernetes 1.21 (kyaml/openapi). */
bool resource_is_cluster_wide(const struct resource *r);
const char *resource_effective_namespace(const struct resource *r); /* as in resource_id */

/* resource_remember: its present name will be one that it had before. */
void resource_remember(struct resource *r);

/* resource_was: whether this is, or was, its id. like: an object with apiVersion, kind, name and perhaps a namespace.
 */
bool resource_was(const struct resource *r, const struct resource *like);
bool resource_was_named(const struct resource *r, const char *name); /* now or before */

/* resource_where: "file:line:column" of what the pointer names. resource_error puts it into an error. */
char *resource_where(const struct resource *r, const char *pointer) MUST_USE;
struct err *resource_error(struct err *e, const struct resource *r, const char *pointer) MUST_USE;

#endif
