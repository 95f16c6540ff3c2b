/* kustomize: a kustomization rendered into objects, equal to what `kubectl kustomize` makes of it.
 *
 * Known are the fields that directories of a development environment use, see fields.c; any other is
 * RW5002_KUSTOMIZE_UNSUPPORTED with its place, since what leaves out a field renders something else
 * than was meant. What kustomize itself refuses is refused here, too: files beside or above the
 * kustomization (a base may lie anywhere in the workspace), objects without a name, duplicate keys.
 * Nothing is fetched, nothing is executed, no environment variable is read.
 *
 *   kustomize.c    the order of things; what is in force for the result as a whole
 *   fields.c       which fields there are, and of what type
 *   layer.h        one kustomization, its bases included, step by step:
 *     resources.c    its files and bases      generate.c   ConfigMaps and Secrets made here
 *     patches.c      which object a patch means; merge.h does it
 *     transform.c    namespace, prefix and suffix, labels, annotations, replicas
 *     images.c       names, tags and digests of images
 *   names.c        references to objects that got another name
 *   name_hash.h    the suffix of a generated object's name
 *   resource.h     an object with the names that it had before
 *   spec.h         paths into objects of certain kinds, as kustomize's tables of fields have them
 *
 * The rules are those of kustomize 5.5 (kubectl 1.32), its tables those of its
 * api/internal/konfig/builtinpluginconsts, its schema that of Kubernetes 1.21.
 */
#ifndef KUSTOMIZE_KUSTOMIZE_H
#define KUSTOMIZE_KUSTOMIZE_H

#include "doc/origins.h"

struct kustomize_object {
    json_t *tree;                /* owned */
    struct doc_origins *origins; /* owned: where each part of it was written */
};

struct kustomize_result {
    struct kustomize_object *objects;
    size_t count;
    struct doc_list *files; /* what was read; origins point into them */
    size_t file_count;
};

/* kustomize_render: path: the kustomization file, relative to root_fd, which no path may leave. The
 * objects come in the order in which kustomize accumulates them.
 * Errors, joined where they are independent, each with file:line:column: RW5002_KUSTOMIZE_UNSUPPORTED,
 * RW5004_KUSTOMIZE_FILE for a file that it names and that is not there, RW5001_OBJECT_INVALID,
 * RW1004_CONFIG_TYPE, RW1107 … RW1109, RW1016_PATH_OUTSIDE. */
struct err *kustomize_render(int root_fd, const char *path, struct kustomize_result *out) MUST_USE;
void kustomize_result_release(struct kustomize_result *r);
void kustomize_result_free(struct kustomize_result *r); /* one that xcalloc made */
DEFINE_FREEP(kustomize_result)

/* kustomize_is_file: whether a file of this name is a kustomization. */
bool kustomize_is_file(const char *name);

#endif
