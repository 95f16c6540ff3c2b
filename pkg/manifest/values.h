/* values: where the value of a variable comes from.
 *
 * Sources in the order in which they win: --set, RWML_VAR_<NAME> in the environment, --var-file,
 * the service's vars in rwml.yaml, the workspace's vars. Inside one source the last wins. Behind
 * them all stands what was found in the cluster, which only fills a ${NAME} that has no default.
 */
#ifndef MANIFEST_VALUES_H
#define MANIFEST_VALUES_H

#include "base/err.h"

enum value_source { VALUE_SET, VALUE_ENVIRONMENT, VALUE_FILE, VALUE_SERVICE, VALUE_WORKSPACE, VALUE_FOUND };

struct value {
    char *name;
    char *text;
    enum value_source source;
    char *where; /* "--set", "RWML_VAR_MODE", "vars.env:3", "rwml.yaml:4:7", "what the cluster has" */
};

struct values {
    struct value *items;
    size_t count;
};

void values_add(struct values *v, enum value_source source, const char *name, const char *text, const char *where);

/* values_add_set: one --set NAME=VALUE. RW1020_COMMAND_LINE when it has no "=" or no good name. */
struct err *values_add_set(struct values *v, const char *assignment) MUST_USE;

/* values_add_environment: every RWML_VAR_<NAME>=VALUE of an environ. */
void values_add_environment(struct values *v, char *const *environment);

/* values_add_file: lines NAME=VALUE; empty ones and those that begin with "#" are passed over; a
 * value may stand in '…' or "…". RW1001_CONFIG_UNREADABLE, RW1002_CONFIG_SYNTAX with file:line. */
struct err *values_add_file(struct values *v, const char *path) MUST_USE;
struct err *values_parse_file(struct values *v, const char *text, size_t len, const char *name) MUST_USE;

/* values_find: the value that wins, or NULL. values_find_explicit: the same without VALUE_FOUND. */
const struct value *values_find(const struct values *v, const char *name);
const struct value *values_find_explicit(const struct values *v, const char *name);
void values_copy(const struct values *from, struct values *to); /* appends */
void values_release(struct values *v);

/* variable_name_ok: [A-Za-z_][A-Za-z0-9_]* */
bool variable_name_ok(const char *name, size_t len);

#endif
