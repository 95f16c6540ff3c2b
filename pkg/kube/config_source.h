/* config_source: the kubeconfig files, parsed, and the entries in their lists. For pkg/kube only.
 *
 * Merged as client-go does it: an entry is the first file's that has one of its name, whole; relative paths are
 * resolved against the directory of the file that they stand in. */
#ifndef KUBE_CONFIG_SOURCE_H
#define KUBE_CONFIG_SOURCE_H

#include "base/strv.h"
#include "doc/doc.h"
#include "kube/config.h"

struct kube_source {
    struct doc doc;
    char *dir; /* what relative paths in it are resolved against; NULL: the working directory */
};

struct kube_sources {
    struct kube_source *items;
    size_t count;
};

/* kube_sources_add: a text; kube_sources_load: the files of $KUBECONFIG, or home's. Missing files are passed over. */
struct err *kube_sources_add(struct kube_sources *s, const char *text, size_t len, const char *name,
                             const char *dir) MUST_USE;
struct err *kube_sources_load(struct kube_sources *s, const char *kubeconfig_env, const char *home) MUST_USE;
void kube_sources_release(struct kube_sources *s);

/* An entry of one of the lists `contexts`, `clusters`, `users`: where it is and what it holds. */
struct kube_entry {
    const struct kube_source *source; /* borrowed; NULL: there is none */
    char *pointer;                    /* of its content: "/clusters/0/cluster" */
};

/* kube_entry_find: content is the key that the list's items hold their content under. */
struct kube_entry kube_entry_find(const struct kube_sources *s, const char *list, const char *content,
                                  const char *name);
void kube_entry_release(struct kube_entry *e);

/* Values of an entry's keys; empty ones are as absent ones, since cloud tools write those. kube_entry_text borrows,
 * kube_entry_copy gives an owned text. kube_entry_material: <key>-data, in base64, else the file that <key> names. */
json_t *kube_entry_get(const struct kube_entry *e, const char *key);
bool kube_entry_is_set(const struct kube_entry *e, const char *key);
struct err *kube_entry_text(const struct kube_entry *e, const char *key, const char **out) MUST_USE;
struct err *kube_entry_copy(const struct kube_entry *e, const char *key, char **out) MUST_USE;
struct err *kube_entry_bool(const struct kube_entry *e, const char *key, bool *out) MUST_USE;
struct err *kube_entry_material(const struct kube_entry *e, const char *key, char **out) MUST_USE;

/* kube_entry_path: a path as it is meant: relative ones below the file's directory; owned.
 * kube_entry_file: what the file at `path` holds, which the key names. */
char *kube_entry_path(const struct kube_entry *e, const char *path) MUST_USE;
struct err *kube_entry_file(const struct kube_entry *e, const char *key, const char *path, char **out) MUST_USE;

/* Errors: kube_entry_bad puts RW5101 with the file's name on inner (NULL stays NULL); kube_entry_wrong is a new
 * one that is about a key of the entry, with its place. */
struct err *kube_entry_bad(struct err *inner, const struct kube_entry *e) MUST_USE;
struct err *kube_entry_wrong(const struct kube_entry *e, const char *key, const char *fmt, ...)
    PRINTF_LIKE(3, 4) MUST_USE;

/* kube_config_read_user: how to log in; in config_user.c. */
struct err *kube_config_read_user(const struct kube_entry *e, struct kube_config *out) MUST_USE;

#endif
