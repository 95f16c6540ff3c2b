/* variables: set on the parsed tree, never in text.
 *
 * Every string of an object may hold ${NAME} or ${NAME:-default}; what is put in stays part of that
 * string, whatever it looks like. "$$" gives a dollar. $NAME, and $(NAME) and $$(NAME), which are
 * Kubernetes' own, stay as they are. Keys are never changed. A value that was given explicitly for
 * NAME also replaces the literal `value` of a container's env NAME, and the key NAME of a ConfigMap
 * in the set that a workload of the set reads by configMapKeyRef or envFrom.
 */
#ifndef MANIFEST_VARIABLES_H
#define MANIFEST_VARIABLES_H

#include "base/err.h"
#include "manifest/set.h"
#include "manifest/values.h"

enum variable_use_kind { USE_PLACEHOLDER, USE_ENV, USE_CONFIG_MAP };

struct variable_use {
    char *name;
    enum variable_use_kind kind;
    const struct manifest_object *object; /* borrowed from the set */
    char *where;                          /* file:line:column */
    char *pointer;                        /* in the object's tree */
    bool has_default;                     /* ${NAME:-default}; always true for the other kinds */
    char *value;                          /* what it will be: given, else default or literal; NULL: unset */
    char *written;                        /* the default or the literal that stands there; NULL without one */
    bool given;                           /* value comes from values, by source */
    enum value_source source;
    char *origin; /* the given value's where; NULL unless given */
};

struct variable_uses {
    struct variable_use *items;
    size_t count;
};

/* manifest_variable_uses: every place that a variable reaches, with the value it will have.
 * Errors, joined: RW1032_VARIABLE_SYNTAX with file:line:column. Works on a set to which
 * manifest_set_variables was not applied yet. */
struct err *manifest_variable_uses(const struct manifest_set *set, const struct values *values,
                                   struct variable_uses *out) MUST_USE;
void variable_uses_release(struct variable_uses *u);

/* manifest_set_variables: puts the values into the set. Errors, joined, nothing changed then:
 * RW1030_VARIABLE_UNSET for each placeholder without a value, RW1032_VARIABLE_SYNTAX. */
struct err *manifest_set_variables(struct manifest_set *set, const struct values *values) MUST_USE;

/* variables_check_used: RW1031_VARIABLE_UNUSED for every VALUE_SET whose name is in none of the
 * uses, with a suggestion. uses: those of all selected services. */
struct err *variables_check_used(const struct values *values, const struct variable_uses *const *uses,
                                 size_t count) MUST_USE;

#endif
