#include "doc/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "doc/anchors.h"
#include "doc/places.h"
#include "doc/scalar.h"

/* What a mapping waits for. */
enum wants { WANTS_KEY, WANTS_VALUE, WANTS_MERGE };

/* A list or mapping that is open. */
struct frame {
    json_t *value;  /* owned reference; where it is no merge's source, its parent has one, too */
    json_t *merged; /* object: the keys that a merge brought and nothing has overridden; NULL before */
    char *key;      /* that waits for its value */
    uint64_t hash;  /* of its pointer */
    enum wants wants;
    struct build_mark at;
    size_t anchor;             /* NO_ANCHOR if none */
    struct anchor_size before; /* what the document had before it; height: of what it holds */
};

struct build {
    const char *file;
    bool alike;
    struct frame frames[LIMIT_DOC_DEPTH];
    size_t depth;
    json_t *root;
    struct anchors *anchors;
    struct doc_places *places;
    struct anchor_size size; /* of all documents of the file so far */
    size_t from_aliases;     /* weight */
    size_t max_from_aliases;
};

struct build *build_new(const char *file_name, size_t file_len, bool alike)
{
    struct build *b = xcalloc(1, sizeof *b);
    b->file = file_name;
    b->alike = alike;
    /* Ten times the file, which no honest file needs, and some for those of a few lines. */
    b->max_from_aliases = 10 * file_len + 65536;
    b->places = places_new();
    b->anchors = anchors_new();
    return b;
}

static void frame_release(struct frame *f)
{
    doc_unrefp(&f->value);
    doc_unrefp(&f->merged);
    str_freep(&f->key);
}

void build_free(struct build *b)
{
    if (!b)
        return;
    while (b->depth > 0)
        frame_release(&b->frames[--b->depth]);
    doc_unref(b->root);
    anchors_free(b->anchors);
    places_free(b->places);
    free(b);
}

struct err *build_refuse(const struct build *b, enum err_code code, struct build_mark at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR message = xvasprintf(fmt, ap);
    va_end(ap);
    return err_where(err_new(code, "%s", message), b->file, at.line + 1, at.column + 1);
}

/* count: one more node with a text of len bytes. */
static struct err *count(struct build *b, size_t len, struct build_mark at)
{
    b->size.nodes++;
    b->size.weight += 1 + len;
    if (b->size.nodes > LIMIT_DOC_NODES)
        return build_refuse(b, RW1109_YAML_LIMIT, at, "more than %u values in one file", LIMIT_DOC_NODES);
    return NULL;
}

static struct frame *top(struct build *b)
{
    return b->depth > 0 ? &b->frames[b->depth - 1] : NULL;
}

/* next_hash: of the pointer of the value that comes next. */
static uint64_t next_hash(const struct frame *f)
{
    if (!f)
        return places_root();
    if (f->wants == WANTS_MERGE)
        return places_below(f->hash, "<<");
    return f->key ? places_below(f->hash, f->key) : places_below_index(f->hash, doc_count(f->value));
}

static struct err *refuse_merge(const struct build *b, struct build_mark at)
{
    return build_refuse(b, RW1107_YAML_SYNTAX, at, "\"<<\" can merge a mapping or a list of mappings only");
}

static struct err *merge_one(struct build *b, struct frame *f, const json_t *source, struct build_mark at)
{
    const char *key;
    json_t *value;
    if (!doc_is_object(source))
        return refuse_merge(b, at);
    DOC_EACH_KEY (source, key, value) {
        if (doc_key(f->merged, key))
            continue;
        if (doc_key(f->value, key)) {
            struct err *e = build_refuse(b, RW1108_YAML_AMBIGUOUS, at,
                                         "\"<<\" would replace the key \"%s\" that stands above it", key);
            return err_next(e, "move \"<<\" to the top of its mapping");
        }
        doc_set_key(f->value, key, doc_ref(value));
        doc_set_key(f->merged, key, doc_null());
        places_add_value(b->places, places_below(f->hash, key), at.line + 1, at.column + 1);
    }
    return NULL;
}

/* merge: go.yaml.in/yaml/v2 decode.go: of a list, the earlier mapping wins. Keys below "<<" win
 * over merged ones. Keys above it lose there, against YAML's own rule: refused. */
static struct err *merge(struct build *b, struct frame *f, const json_t *source, struct build_mark at)
{
    size_t i;
    const json_t *item;
    f->wants = WANTS_KEY;
    if (!doc_is_array(source))
        return merge_one(b, f, source, at);
    DOC_EACH_ITEM (source, i, item)
        TRY(merge_one(b, f, item, at));
    return NULL;
}

/* attach: gives a finished or just opened value to what is open. A merge's source is not attached. */
static void attach(struct build *b, json_t *value_steal, struct build_mark at)
{
    struct frame *f = top(b);
    if (f && f->wants == WANTS_MERGE) {
        doc_unref(value_steal);
        return;
    }
    places_add_value(b->places, next_hash(f), at.line + 1, at.column + 1);
    if (!f) {
        b->root = value_steal;
    } else if (f->key) {
        doc_set_key(f->value, f->key, value_steal);
        str_freep(&f->key);
        f->wants = WANTS_KEY;
    } else {
        doc_append(f->value, value_steal);
    }
}

static bool wants_key(struct build *b)
{
    const struct frame *f = top(b);
    return f && doc_is_object(f->value) && f->wants == WANTS_KEY;
}

static void raise_height(struct build *b, size_t height)
{
    struct frame *f = top(b);
    if (f && f->before.height < height)
        f->before.height = height;
}

static struct err *begin_merge(struct build *b, struct frame *f, struct build_mark at)
{
    if (f->merged)
        return build_refuse(b, RW1108_YAML_AMBIGUOUS, at, "\"<<\" is given twice in one mapping");
    f->merged = doc_object();
    f->wants = WANTS_MERGE;
    return NULL;
}

/* changed_key: the key would not reach Kubernetes as it is written. */
static struct err *changed_key(struct build *b, const char *text, const char *becomes, struct build_mark at)
{
    struct err *e;
    if (becomes)
        e = build_refuse(b, RW1108_YAML_AMBIGUOUS, at, "key \"%s\" would reach Kubernetes as \"%s\"", text, becomes);
    else
        e = build_refuse(b, RW1108_YAML_AMBIGUOUS, at, "key \"%s\" would not reach Kubernetes as a text", text);
    e = err_cause(e, "YAML 1.1 reads it as something else than a text when it is not quoted");
    return err_next(e, "write \"%s\":", text);
}

static struct err *add_key(struct build *b, const struct build_scalar *scalar, const struct scalar *typed,
                           struct build_mark at)
{
    struct frame *f = top(b);
    if (scalar->plain && str_eq(scalar->text, "<<"))
        return begin_merge(b, f, at);
    AUTO_STR becomes = scalar_key(typed, scalar->text);
    if (!str_eq(becomes, scalar->text))
        return changed_key(b, scalar->text, becomes, at);
    bool was_merged = f->merged && doc_key(f->merged, becomes);
    if (was_merged)
        (void)json_object_del(f->merged, becomes);
    else if (doc_key(f->value, becomes))
        return build_refuse(b, RW1108_YAML_AMBIGUOUS, at, "key \"%s\" is given twice in one mapping", becomes);
    f->key = STEAL(&becomes);
    f->wants = WANTS_VALUE;
    places_add_key(b->places, next_hash(f), at.line + 1, at.column + 1);
    return NULL;
}

static struct err *resolve(const struct build *b, const struct build_scalar *scalar, struct scalar *out,
                           struct build_mark at)
{
    const char *refused = scalar_resolve(scalar->tag, scalar->plain, scalar->text, out);
    if (refused) {
        struct err *e =
            build_refuse(b, RW1108_YAML_AMBIGUOUS, at, "a value would not reach Kubernetes as it is written");
        return err_next(err_cause(e, "it %s", refused), "put it in quotes, or write the number that is meant");
    }
    const char *differs = b->alike ? scalar_differs(out, scalar->plain && !scalar->tag, scalar->text) : NULL;
    if (!differs)
        return NULL;
    struct err *e = build_refuse(b, RW1108_YAML_AMBIGUOUS, at, "a value is not the same for kubectl and for kustomize");
    return err_next(err_cause(e, "it %s", differs), "%s",
                    out->kind == DOC_BOOLEAN ? "put it in quotes, or write true or false" : "put it in quotes");
}

struct err *build_add_scalar(struct build *b, const struct build_scalar *scalar, struct build_mark at)
{
    struct scalar typed;
    TRY(count(b, scalar->len, at));
    if (memchr(scalar->text, '\0', scalar->len))
        return build_refuse(b, RW1107_YAML_SYNTAX, at, "a NUL character, which no text may hold");
    TRY(resolve(b, scalar, &typed, at));
    DOC_AUTO value = scalar_value(&typed, scalar->text, scalar->len);
    if (scalar->anchor) {
        const struct anchor_size size = { .nodes = 1, .weight = 1 + scalar->len };
        anchors_close(b->anchors, anchors_open(b->anchors, scalar->anchor), value, size);
    }
    if (wants_key(b))
        return add_key(b, scalar, &typed, at);
    struct frame *f = top(b);
    if (f && f->wants == WANTS_MERGE)
        return merge(b, f, value, at);
    attach(b, doc_ref(value), at);
    return NULL;
}

/* charge: what an alias expands to, counted before it is copied. */
static struct err *charge(struct build *b, const struct anchor_size *size, struct build_mark at)
{
    if (b->depth + size->height > LIMIT_DOC_DEPTH)
        return build_refuse(b, RW1109_YAML_LIMIT, at, "aliases nest deeper than %u levels", LIMIT_DOC_DEPTH);
    b->from_aliases += size->weight;
    b->size.nodes += size->nodes;
    b->size.weight += size->weight;
    if (b->from_aliases > b->max_from_aliases || b->size.nodes > LIMIT_DOC_NODES)
        return build_refuse(b, RW1109_YAML_LIMIT, at, "aliases expand to more than ten times the file");
    return NULL;
}

struct err *build_add_alias(struct build *b, const char *anchor, struct build_mark at)
{
    struct anchor_size size;
    const json_t *source;
    switch (anchors_find(b->anchors, anchor, &source, &size)) {
    case ANCHOR_UNKNOWN:
        return build_refuse(b, RW1107_YAML_SYNTAX, at, "the alias \"*%s\" has no anchor above it", anchor);
    case ANCHOR_OPEN:
        return build_refuse(b, RW1107_YAML_SYNTAX, at, "the anchor \"&%s\" contains itself", anchor);
    case ANCHOR_KNOWN:
        break;
    }
    if (wants_key(b))
        return build_refuse(b, RW1108_YAML_AMBIGUOUS, at, "an alias as a key: write the key itself");
    TRY(charge(b, &size, at));
    raise_height(b, size.height);
    struct frame *f = top(b);
    if (f && f->wants == WANTS_MERGE && doc_is_array(source))
        return refuse_merge(b, at); /* a list behind an alias is none for Go */
    if (f && f->wants == WANTS_MERGE)
        return merge(b, f, source, at);
    attach(b, doc_copy(source), at);
    return NULL;
}

static bool tag_fits(enum doc_kind kind, const char *tag)
{
    return !tag || str_eq(tag, kind == DOC_OBJECT ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq");
}

struct err *build_open(struct build *b, enum doc_kind kind, const char *anchor, const char *tag, struct build_mark at)
{
    TRY(count(b, 0, at));
    if (wants_key(b))
        return build_refuse(b, RW1107_YAML_SYNTAX, at, "a list or a mapping as a key, which JSON does not have");
    if (!tag_fits(kind, tag))
        return build_refuse(b, RW1108_YAML_AMBIGUOUS, at, "a tag that JSON has no type for");
    if (b->depth == LIMIT_DOC_DEPTH)
        return build_refuse(b, RW1109_YAML_LIMIT, at, "nested deeper than %u levels", LIMIT_DOC_DEPTH);
    json_t *value = kind == DOC_OBJECT ? doc_object() : doc_array();
    uint64_t hash = next_hash(top(b));
    attach(b, doc_ref(value), at);
    b->frames[b->depth++] = (struct frame){
        .value = value,
        .hash = hash,
        .at = at,
        .anchor = anchor ? anchors_open(b->anchors, anchor) : NO_ANCHOR,
        .before = { .nodes = b->size.nodes - 1, .weight = b->size.weight - 1 },
    };
    return NULL;
}

struct err *build_close(struct build *b)
{
    struct frame done = b->frames[--b->depth];
    struct frame *parent = top(b);
    const struct anchor_size size = {
        .nodes = b->size.nodes - done.before.nodes,
        .weight = b->size.weight - done.before.weight,
        .height = done.before.height + 1,
    };
    raise_height(b, size.height);
    if (done.anchor != NO_ANCHOR)
        anchors_close(b->anchors, done.anchor, done.value, size);
    struct err *e = NULL;
    if (parent && parent->wants == WANTS_MERGE)
        e = merge(b, parent, done.value, done.at);
    frame_release(&done);
    return e;
}

void build_end(struct build *b, struct doc *out)
{
    if (doc_is_null(b->root))
        doc_unrefp(&b->root);
    places_close(b->places);
    *out = (struct doc){ .root = STEAL(&b->root), .file = xstrdup(b->file), .places = STEAL(&b->places) };
    b->places = places_new();
    anchors_clear(b->anchors);
}
