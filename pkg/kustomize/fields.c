#include "kustomize/fields.h"

#include <string.h>

#include "base/strv.h"

enum field_type {
    FIELD_TEXT,
    FIELD_BOOLEAN,
    FIELD_INTEGER,
    FIELD_TEXTS,    /* a list of texts */
    FIELD_TEXT_MAP, /* an object of texts */
    FIELD_OBJECT,   /* with the fields of `inner` */
    FIELD_OBJECTS,  /* a list of these */
    FIELD_ANY,      /* says nothing about the result but the order of objects */
    FIELD_REFUSED   /* advice: what can be done instead */
};

struct field {
    const char *name;
    enum field_type type;
    const struct field *inner; /* ends with a row without a name */
    const char *advice;
};

static const char ADVICE_PLAIN[] = "write the objects out as kubectl kustomize shows them, and name that file";

static const struct field label_fields[] = {
    { "pairs", FIELD_TEXT_MAP, NULL, NULL },
    { "includeSelectors", FIELD_BOOLEAN, NULL, NULL },
    { "includeTemplates", FIELD_BOOLEAN, NULL, NULL },
    { "fields", FIELD_REFUSED, NULL, "use includeSelectors or includeTemplates, or a patch" },
    { 0 },
};

static const struct field option_fields[] = {
    { "disableNameSuffixHash", FIELD_BOOLEAN, NULL, NULL },
    { "immutable", FIELD_BOOLEAN, NULL, NULL },
    { "labels", FIELD_TEXT_MAP, NULL, NULL },
    { "annotations", FIELD_TEXT_MAP, NULL, NULL },
    { 0 },
};

#define GENERATOR_FIELDS                                                                                               \
    { "name", FIELD_TEXT, NULL, NULL }, { "namespace", FIELD_TEXT, NULL, NULL },                                       \
        { "behavior", FIELD_TEXT, NULL, NULL }, { "envs", FIELD_TEXTS, NULL, NULL },                                   \
        { "env", FIELD_TEXT, NULL, NULL }, { "literals", FIELD_TEXTS, NULL, NULL },                                    \
        { "files", FIELD_TEXTS, NULL, NULL },                                                                          \
    {                                                                                                                  \
        "options", FIELD_OBJECT, option_fields, NULL                                                                   \
    }

static const struct field config_map_fields[] = { GENERATOR_FIELDS, { 0 } };
static const struct field secret_fields[] = { GENERATOR_FIELDS, { "type", FIELD_TEXT, NULL, NULL }, { 0 } };

static const struct field image_fields[] = {
    { "name", FIELD_TEXT, NULL, NULL },
    { "newName", FIELD_TEXT, NULL, NULL },
    { "newTag", FIELD_TEXT, NULL, NULL },
    { "digest", FIELD_TEXT, NULL, NULL },
    { "tagSuffix", FIELD_REFUSED, NULL, "write the whole tag as newTag" },
    { 0 },
};

static const struct field replica_fields[] = {
    { "name", FIELD_TEXT, NULL, NULL },
    { "count", FIELD_INTEGER, NULL, NULL },
    { 0 },
};

static const struct field target_fields[] = {
    { "group", FIELD_TEXT, NULL, NULL },
    { "version", FIELD_TEXT, NULL, NULL },
    { "kind", FIELD_TEXT, NULL, NULL },
    { "name", FIELD_TEXT, NULL, NULL },
    { "namespace", FIELD_TEXT, NULL, NULL },
    { "labelSelector", FIELD_TEXT, NULL, NULL },
    { "annotationSelector", FIELD_TEXT, NULL, NULL },
    { 0 },
};

static const struct field patch_fields[] = {
    { "path", FIELD_TEXT, NULL, NULL },
    { "patch", FIELD_TEXT, NULL, NULL },
    { "target", FIELD_OBJECT, target_fields, NULL },
    { "options", FIELD_REFUSED, NULL, "a patch can't change an object's name or kind" },
    { 0 },
};

static const struct field top_fields[] = {
    { "apiVersion", FIELD_TEXT, NULL, NULL },
    { "kind", FIELD_TEXT, NULL, NULL },
    { "metadata", FIELD_ANY, NULL, NULL },
    { "namespace", FIELD_TEXT, NULL, NULL },
    { "resources", FIELD_TEXTS, NULL, NULL },
    { "bases", FIELD_TEXTS, NULL, NULL },
    { "namePrefix", FIELD_TEXT, NULL, NULL },
    { "nameSuffix", FIELD_TEXT, NULL, NULL },
    { "labels", FIELD_OBJECTS, label_fields, NULL },
    { "commonLabels", FIELD_TEXT_MAP, NULL, NULL },
    { "commonAnnotations", FIELD_TEXT_MAP, NULL, NULL },
    { "configMapGenerator", FIELD_OBJECTS, config_map_fields, NULL },
    { "secretGenerator", FIELD_OBJECTS, secret_fields, NULL },
    { "generatorOptions", FIELD_OBJECT, option_fields, NULL },
    { "images", FIELD_OBJECTS, image_fields, NULL },
    { "replicas", FIELD_OBJECTS, replica_fields, NULL },
    { "patches", FIELD_OBJECTS, patch_fields, NULL },
    { "patchesStrategicMerge", FIELD_TEXTS, NULL, NULL },
    { "sortOptions", FIELD_ANY, NULL, NULL },
    { "patchesJson6902", FIELD_REFUSED, NULL, "write it as a strategic merge patch below patches" },
    { "imageTags", FIELD_REFUSED, NULL, "its new name is images" },
    { "components", FIELD_REFUSED, NULL, "name its kustomization below resources, as a base" },
    { "replacements", FIELD_REFUSED, NULL, "use a patch, or a variable of rwml's: ${NAME}" },
    { "vars", FIELD_REFUSED, NULL, "use a variable of rwml's: ${NAME}" },
    { "helmCharts", FIELD_REFUSED, NULL, ADVICE_PLAIN },
    { "helmGlobals", FIELD_REFUSED, NULL, ADVICE_PLAIN },
    { "helmChartInflationGenerator", FIELD_REFUSED, NULL, ADVICE_PLAIN },
    { "crds", FIELD_REFUSED, NULL, ADVICE_PLAIN },
    { "openapi", FIELD_REFUSED, NULL, ADVICE_PLAIN },
    { "configurations", FIELD_REFUSED, NULL, ADVICE_PLAIN },
    { "generators", FIELD_REFUSED, NULL, ADVICE_PLAIN },
    { "transformers", FIELD_REFUSED, NULL, ADVICE_PLAIN },
    { "validators", FIELD_REFUSED, NULL, ADVICE_PLAIN },
    { "buildMetadata", FIELD_REFUSED, NULL, "use commonLabels or commonAnnotations" },
    { 0 },
};

static const struct field *field_named(const struct field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

static struct err *unknown(const struct doc *d, const char *pointer, const struct field *fields, const char *key)
{
    const char *names[64];
    size_t count = 0;
    for (; fields[count].name; count++)
        names[count] = fields[count].name;
    const char *near = str_nearest(key, names, count);
    struct err *e = err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "kustomize has no field %s here", key);
    if (near)
        e = err_cause(e, "did you mean %s?", near);
    return doc_err_where_key(e, d, pointer);
}

static struct err *refused(const struct doc *d, const char *pointer, const struct field *field)
{
    struct err *e =
        err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "the field %s of a kustomization can't be rendered", field->name);
    return doc_err_where_key(err_cause(e, "instead: %s", field->advice), d, pointer);
}

static struct err *expect(const struct doc *d, const char *pointer, enum doc_kind wanted)
{
    enum doc_kind found = doc_kind(doc_get(d->root, pointer));
    if (found == wanted)
        return NULL;
    struct err *e =
        err_new(RW1004_CONFIG_TYPE, "%s: expected %s, found %s", pointer, doc_kind_name(wanted), doc_kind_name(found));
    bool quotable = wanted == DOC_STRING && found != DOC_OBJECT && found != DOC_ARRAY && found != DOC_NULL;
    if (quotable)
        e = err_cause(e, "put it in quotes");
    return doc_err_where(e, d, pointer);
}

static struct err *check_texts(const struct doc *d, const char *pointer)
{
    struct err *errors = NULL;
    TRY(expect(d, pointer, DOC_ARRAY));
    for (size_t i = 0; i < doc_count(doc_get(d->root, pointer)); i++) {
        AUTO_STR item = xasprintf("%s/%zu", pointer, i);
        errors = err_join(errors, expect(d, item, DOC_STRING));
    }
    return errors;
}

static struct err *check_text_map(const struct doc *d, const char *pointer)
{
    struct err *errors = NULL;
    const char *key;
    json_t *value;
    TRY(expect(d, pointer, DOC_OBJECT));
    DOC_EACH_KEY (doc_get(d->root, pointer), key, value) {
        AUTO_STR member = doc_pointer_add(pointer, key);
        errors = err_join(errors, expect(d, member, DOC_STRING));
    }
    return errors;
}

static struct err *check_object(const struct doc *d, const char *pointer, const struct field *fields);

static struct err *check_objects(const struct doc *d, const char *pointer, const struct field *fields)
{
    struct err *errors = NULL;
    TRY(expect(d, pointer, DOC_ARRAY));
    for (size_t i = 0; i < doc_count(doc_get(d->root, pointer)); i++) {
        AUTO_STR item = xasprintf("%s/%zu", pointer, i);
        errors = err_join(errors, check_object(d, item, fields));
    }
    return errors;
}

static struct err *check_value(const struct doc *d, const char *pointer, const struct field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
        return expect(d, pointer, DOC_STRING);
    case FIELD_BOOLEAN:
        return expect(d, pointer, DOC_BOOLEAN);
    case FIELD_INTEGER:
        return expect(d, pointer, DOC_INTEGER);
    case FIELD_TEXTS:
        return check_texts(d, pointer);
    case FIELD_TEXT_MAP:
        return check_text_map(d, pointer);
    case FIELD_OBJECT:
        return check_object(d, pointer, field->inner);
    case FIELD_OBJECTS:
        return check_objects(d, pointer, field->inner);
    case FIELD_ANY:
        return NULL;
    case FIELD_REFUSED:
        return refused(d, pointer, field);
    }
    BUG("the field %s has no type", field->name);
}

static struct err *check_object(const struct doc *d, const char *pointer, const struct field *fields)
{
    struct err *errors = NULL;
    const char *key;
    json_t *value;
    TRY(expect(d, pointer, DOC_OBJECT));
    DOC_EACH_KEY (doc_get(d->root, pointer), key, value) {
        AUTO_STR member = doc_pointer_add(pointer, key);
        const struct field *field = field_named(fields, key);
        if (!field)
            errors = err_join(errors, unknown(d, member, fields, key));
        else if (!doc_is_null(value))
            errors = err_join(errors, check_value(d, member, field));
    }
    return errors;
}

/* A component is merged into what it stands in, not added to it. */
static struct err *check_kind(const struct doc *d)
{
    const char *kind = doc_text(d->root, "/kind"), *version = doc_text(d->root, "/apiVersion");
    bool wrong_kind = kind && strcmp(kind, "Kustomization") != 0;
    if (!wrong_kind && (!version || strcmp(version, "kustomize.config.k8s.io/v1beta1") == 0))
        return NULL;
    struct err *e = err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "%s can't be rendered: it is of kind %s, version %s", d->file,
                            kind ? kind : "Kustomization", version ? version : "none");
    e = err_cause(e, "known is Kustomization of kustomize.config.k8s.io/v1beta1");
    return doc_err_where(e, d, wrong_kind ? "/kind" : "/apiVersion");
}

struct err *fields_check(const struct doc *d)
{
    struct err *e = check_object(d, "", top_fields);
    return e ? e : check_kind(d);
}
