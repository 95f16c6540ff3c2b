/* doc: YAML and JSON files as trees that know where everything was written.
 *
 * Scalars are typed exactly as sigs.k8s.io/yaml does it (YAML 1.1, what kubectl and the API server
 * read): yes/no/on/off are booleans, 0644 is 420, 1.10 is 1.1, dates stay strings. Where that would
 * change silently what somebody wrote, the file is refused with its place, never read differently:
 * keys like y or 1.10, integers that lose digits (08, above 2^63-1), .nan, !!binary, text behind
 * "---", keys given twice.
 *
 * Anchors, aliases and merge keys are expanded into copies. Limits (limits.h) are checked at each
 * event of the parser, before anything is built from it.
 */
#ifndef DOC_DOC_H
#define DOC_DOC_H

#include "base/err.h"
#include "doc/tree.h"

struct doc_places;

struct doc {
    json_t *root;              /* owned */
    char *file;                /* the name given to the parser; for messages */
    struct doc_places *places; /* where values and keys were written; may be NULL */
};

struct doc_list {
    struct doc *items;
    size_t count;
};

void doc_release(struct doc *d);
void doc_list_release(struct doc_list *list);

/* doc_parse_yaml: all documents of a file, in order, without those that hold nothing but blanks,
 * comments or null. UTF-8 or UTF-16 with its byte order mark; LF or CRLF. A file that starts with "{" may
 * also be JSON documents one behind the other, as kubectl allows. *out is written only on success.
 * `kind: List` is not expanded here.
 * Errors, each with file:line:column: RW1107_YAML_SYNTAX, RW1108_YAML_AMBIGUOUS, RW1109_YAML_LIMIT.
 * No message holds a value of the file (it may be a password), keys only. */
struct err *doc_parse_yaml(const char *bytes, size_t len, const char *file_name, struct doc_list *out) MUST_USE;

/* doc_parse_yaml_alike: doc_parse_yaml, for files that kustomize reads: with go.yaml.in/yaml/v3, which knows
 * no booleans but true and false, and has dates. What the two type differently is RW1108_YAML_AMBIGUOUS, too:
 * a bare yes, no, on, off, y or n (a text there), a bare 2001-01-01 (a point in time there). */
struct err *doc_parse_yaml_alike(const char *bytes, size_t len, const char *file_name, struct doc_list *out) MUST_USE;

/* doc_parse_yaml_one: a configuration file: exactly one document. A file without any gives an
 * empty object; a second document is RW1107_YAML_SYNTAX. */
struct err *doc_parse_yaml_one(const char *bytes, size_t len, const char *file_name, struct doc *out) MUST_USE;

/* doc_parse_json: one JSON text and nothing behind it. Keys given twice, \u0000, integers beyond
 * 64 bits, more than LIMIT_DOC_DEPTH levels or LIMIT_DOC_NODES values are RW1110_JSON_SYNTAX, with
 * line and column. No message holds a value. name: for messages. */
struct err *doc_parse_json(const char *bytes, size_t len, const char *name, json_t **out) MUST_USE;

/* doc_where: line and column (1-based, in characters) of the value that the pointer named when
 * the file was read; of its nearest ancestor where it was not there, or came by an alias.
 * doc_where_key: of the key in front of it. */
void doc_where(const struct doc *d, const char *pointer, size_t *line, size_t *column);
void doc_where_key(const struct doc *d, const char *pointer, size_t *line, size_t *column);

/* doc_err_where, doc_err_where_key: err_where with that place. */
struct err *doc_err_where(struct err *e, const struct doc *d, const char *pointer) MUST_USE;
struct err *doc_err_where_key(struct err *e, const struct doc *d, const char *pointer) MUST_USE;

/* Configuration. Each gives the value at the pointer, or fails with RW1004_CONFIG_TYPE and its
 * place: "/services/api: expected a mapping, found a string". doc_want_…: an absent (or
 * null) value is fine and leaves *out as it was; doc_need_…: it is an error, too. What is given
 * is borrowed from the document. */
struct err *doc_want_text(const struct doc *d, const char *pointer, const char **out) MUST_USE;
struct err *doc_want_bool(const struct doc *d, const char *pointer, bool *out) MUST_USE;
struct err *doc_want_object(const struct doc *d, const char *pointer, const json_t **out) MUST_USE;
struct err *doc_want_array(const struct doc *d, const char *pointer, const json_t **out) MUST_USE;
struct err *doc_need_text(const struct doc *d, const char *pointer, const char **out) MUST_USE;
struct err *doc_need_object(const struct doc *d, const char *pointer, const json_t **out) MUST_USE;

/* doc_check_keys: every key of the object at the pointer is one of these; else RW1003_CONFIG_KEY
 * with the key's place and the name that was probably meant. An absent object is fine. */
struct err *doc_check_keys(const struct doc *d, const char *pointer, const char *const *known, size_t count) MUST_USE;

#endif
