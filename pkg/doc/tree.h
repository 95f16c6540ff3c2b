/* tree: the one tree for everything that is YAML or JSON: jansson's json_t.
 *
 * Packages above hold `json_t *` and `const json_t *` and touch them with these functions only.
 * Objects keep the order in which their keys were set, and are written in that order.
 *
 * Ownership: doc_object, doc_array, doc_string … and doc_copy give a reference that the caller
 * owns; doc_get, doc_at and the loops borrow; a parameter that ends in _steal is consumed, also
 * when the call fails. DOC_AUTO declares a variable that gives its reference back at its scope's end.
 *
 * A pointer is a JSON pointer (RFC 6901): "" is the tree itself, "/spec/containers/0/image" a value
 * below it; in a key "~" is written "~0" and "/" is "~1" (doc_pointer_add does that). All readers
 * take NULL for the tree and answer as for an absent value, so that they can be chained.
 *
 * Texts are UTF-8 without NUL. A number is an integer of 64 bits with sign, or a double.
 */
#ifndef DOC_TREE_H
#define DOC_TREE_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

/* Making. doc_string: a byte that is not UTF-8 becomes U+FFFD. doc_number: NaN and infinity,
 * which JSON does not have, are a BUG. */
json_t *doc_object(void) MUST_USE;
json_t *doc_array(void) MUST_USE;
json_t *doc_string(const char *text) MUST_USE;
json_t *doc_string_len(const char *text, size_t len) MUST_USE; /* up to the first NUL */
json_t *doc_integer(int64_t number) MUST_USE;
json_t *doc_number(double number) MUST_USE;
json_t *doc_boolean(bool value) MUST_USE;
json_t *doc_null(void) MUST_USE;
json_t *doc_copy(const json_t *tree) MUST_USE; /* deep; NULL gives NULL */
json_t *doc_ref(json_t *tree);                 /* one more owner of the same tree */
void doc_unref(json_t *tree);                  /* NULL is fine */
void doc_unrefp(json_t **tree);
#define DOC_AUTO __attribute__((cleanup(doc_unrefp))) json_t *

/* Kinds. doc_kind_name: "a string", "a list" … for messages; "nothing" for NULL. */
enum doc_kind {
    DOC_NOTHING, /* absent */
    DOC_NULL,
    DOC_OBJECT,
    DOC_ARRAY,
    DOC_STRING,
    DOC_INTEGER,
    DOC_REAL,
    DOC_BOOLEAN
};
enum doc_kind doc_kind(const json_t *value);
const char *doc_kind_name(enum doc_kind kind);
bool doc_is_object(const json_t *value);
bool doc_is_array(const json_t *value);
bool doc_is_null(const json_t *value); /* absent or null */

/* Reading. The value that a pointer names, or NULL. The typed readers answer with the fallback
 * (doc_text with NULL) when the value is absent or of another kind; a double is no integer. */
json_t *doc_get(const json_t *tree, const char *pointer);
const char *doc_text(const json_t *tree, const char *pointer);
int64_t doc_i64(const json_t *tree, const char *pointer, int64_t fallback);
bool doc_bool(const json_t *tree, const char *pointer, bool fallback);

/* doc_key: the value of one key taken as it is, not as a pointer. */
json_t *doc_key(const json_t *object, const char *key);

/* Lists and objects: doc_count is 0 for anything else. */
size_t doc_count(const json_t *list_or_object);
json_t *doc_at(const json_t *array, size_t index);

/* doc_find: the first item of a list that has this text at the pointer; NULL when none has. */
json_t *doc_find(const json_t *array, const char *pointer, const char *text);

/* DOC_EACH_ITEM(array, i, item): size_t i; json_t *item. DOC_EACH_KEY(object, key, value):
 * const char *key; json_t *value, in the order of the keys. Neither may be changed within, but
 * for setting a key that is there already. */
#define DOC_EACH_ITEM(array, i, item)                                                                                  \
    for ((i) = 0; (i) < doc_count(array) && ((item) = doc_at(array, i)) != NULL; (i)++)
#define DOC_EACH_KEY(object, key, value)                                                                               \
    for ((key) = doc_first_key(object); (key) != NULL && ((value) = doc_value_of_key(key)) != NULL;                    \
         (key) = doc_next_key(object, key))
const char *doc_first_key(const json_t *object);
const char *doc_next_key(const json_t *object, const char *key); /* key: as given by these two */
json_t *doc_value_of_key(const char *key);

/* Changing. doc_set puts a value where the pointer says: objects on the way that are absent are
 * made; in a list the last segment may be an index that is there, or "-" or the count to append.
 * A way through a scalar, or an index beyond the list, is a BUG: ask doc_get first where the tree
 * comes from outside. */
void doc_set(json_t *tree, const char *pointer, json_t *value_steal);
void doc_set_text(json_t *tree, const char *pointer, const char *text); /* text NULL: nothing is set */
void doc_set_key(json_t *object, const char *key, json_t *value_steal); /* the key as it is */
void doc_append(json_t *array, json_t *value_steal);
bool doc_remove(json_t *tree, const char *pointer); /* false: it was not there */

/* doc_equal: same kinds, same values; the order of keys does not count. */
bool doc_equal(const json_t *a, const json_t *b);

/* doc_each_text: calls fn with each string value (not keys) of the tree, in order, with its
 * pointer. Where fn leaves an owned text in *replacement, that takes the string's place. Stops at
 * the first error. */
struct err *doc_each_text(json_t *tree,
                          struct err *(*fn)(void *ctx, const char *pointer, const char *text, char **replacement),
                          void *ctx) MUST_USE;

/* doc_pointer_add: the pointer of a key below another; owned. */
char *doc_pointer_add(const char *pointer, const char *key) MUST_USE;

/* doc_pointer_of_field: a field path as servers print it, as a pointer into this tree; owned.
 *   .spec.template.spec.containers[name="web"].env[name="X"].value   managed fields' conflicts
 *   .spec.ports[port=80,protocol="TCP"]   .metadata.finalizers[="a/b"]
 *   spec.containers[0].image   metadata.labels[app.kubernetes.io/name]   validation
 * Neither form quotes the dots in a key, so the tree decides: the longest key that fits is taken.
 * What the tree does not have is left off: the answer names the deepest value on the way, "" at
 * worst, so that doc_where finds the place to look at. */
char *doc_pointer_of_field(const json_t *tree, const char *field) MUST_USE;

/* doc_dump: compact JSON on one line, owned. It reads the same as YAML 1.1, which is how the API
 * server parses an apply's body even when it is JSON: no "\/", no surrogate escapes; DEL, C1
 * controls and the line breaks of YAML 1.1 (U+0085 U+2028 U+2029) are escaped. Doubles are
 * written as Go writes them: the shortest text that reads back the same. */
char *doc_dump(const json_t *tree) MUST_USE;

/* doc_dump_yaml: YAML for people and for kubectl, without "---", with a line break at the end, owned. It
 * reads back as the same tree, as doc_parse_yaml and kubectl read: texts that YAML 1.1 would take for
 * something else (yes, 0644, 1e3, null) are quoted, texts of several lines are blocks. */
char *doc_dump_yaml(const json_t *tree) MUST_USE;

#endif
