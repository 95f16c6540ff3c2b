#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/limits.h"
#include "doc/build.h"
#include "doc/doc.h"
#include "doc/json.h"

/* reader: libyaml's parser at work on one file. */
struct reader {
    yaml_parser_t parser;
    const char *bytes;
    size_t len;
    const char *file;
    struct build *build;
    struct doc_list *out;
};

static struct build_mark mark(yaml_mark_t at)
{
    return (struct build_mark){ .line = at.line, .column = at.column };
}

/* line_start: the bytes of a line, from 0; the file's end if there is none. */
static const char *line_start(const struct reader *r, size_t line)
{
    const char *s = r->bytes;
    const char *end = r->bytes + r->len;
    for (; line > 0 && s < end; line--) {
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        s = nl ? nl + 1 : end;
    }
    return s;
}

static bool is_indented_by_tab(const struct reader *r, size_t line)
{
    const char *end = r->bytes + r->len;
    for (const char *s = line_start(r, line); s < end && (*s == ' ' || *s == '\t'); s++) {
        if (*s == '\t')
            return true;
    }
    return false;
}

/* byte_mark: the mark of a byte offset; the reader's errors have no other. */
static struct build_mark byte_mark(const struct reader *r, size_t offset)
{
    struct build_mark at = { 0 };
    for (size_t i = 0; i < offset && i < r->len; i++) {
        bool is_break = r->bytes[i] == '\n';
        bool is_tail = ((unsigned char)r->bytes[i] & 0xC0) == 0x80;
        at.line += is_break;
        at.column = is_break ? 0 : at.column + !is_tail;
    }
    return at;
}

/* syntax_error: libyaml's own words, which quote nothing of the file. */
static struct err *syntax_error(const struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    bool unreadable = p->error == YAML_READER_ERROR;
    struct build_mark at = unreadable ? byte_mark(r, p->problem_offset) : mark(p->problem_mark);
    struct err *e = build_refuse(r->build, RW1107_YAML_SYNTAX, at, "%s is not valid YAML", r->file);
    const char *problem = p->problem ? p->problem : "it cannot be read";
    if (!unreadable && is_indented_by_tab(r, p->problem_mark.line))
        return err_cause(e, "a tab indents this line; YAML wants blanks");
    if (!unreadable && p->context)
        return err_cause(e, "%s %s that begins in line %zu", problem, p->context, p->context_mark.line + 1);
    return err_cause(e, "%s", problem);
}

static struct err *begin_document(struct reader *r, const yaml_event_t *event)
{
    bool has_directives =
        event->data.document_start.version_directive ||
        event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end;
    if (has_directives)
        return build_refuse(r->build, RW1107_YAML_SYNTAX, mark(event->start_mark),
                            "a %% directive, which Kubernetes does not read");
    return NULL;
}

static void end_document(struct reader *r)
{
    struct doc d;
    build_end(r->build, &d);
    if (!d.root) {
        doc_release(&d);
        return;
    }
    struct doc_list *list = r->out;
    list->items = xrealloc(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = d;
}

static struct err *add_scalar(struct reader *r, const yaml_event_t *event)
{
    const struct build_scalar scalar = {
        .anchor = (const char *)event->data.scalar.anchor,
        .tag = (const char *)event->data.scalar.tag,
        .text = (const char *)event->data.scalar.value,
        .len = event->data.scalar.length,
        .plain = event->data.scalar.plain_implicit,
    };
    bool is_bare = scalar.tag && scalar.len == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (is_bare) /* "[!t, x]": for libyaml a tag and nothing, for Go's parser the tag "!t," of x */
        return build_refuse(r->build, RW1108_YAML_AMBIGUOUS, mark(event->start_mark), "a tag with no value behind it");
    return build_add_scalar(r->build, &scalar, mark(event->start_mark));
}

static struct err *take(struct reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(r, event);
    case YAML_DOCUMENT_END_EVENT:
        end_document(r);
        return NULL;
    case YAML_ALIAS_EVENT:
        return build_add_alias(r->build, (const char *)event->data.alias.anchor, mark(event->start_mark));
    case YAML_SCALAR_EVENT:
        return add_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return build_open(r->build, DOC_ARRAY, (const char *)event->data.sequence_start.anchor,
                          (const char *)event->data.sequence_start.tag, mark(event->start_mark));
    case YAML_MAPPING_START_EVENT:
        return build_open(r->build, DOC_OBJECT, (const char *)event->data.mapping_start.anchor,
                          (const char *)event->data.mapping_start.tag, mark(event->start_mark));
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return build_close(r->build);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
        break;
    }
    return NULL;
}

static struct err *read_events(struct reader *r)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event))
            return syntax_error(r);
        struct err *e = take(r, &event);
        bool is_end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (e || is_end)
            return e;
    }
}

/* check_separators: a line that begins with "---" separates documents for kubectl, wherever it
 * stands, and nothing but a comment may follow in it (apimachinery util/yaml, YAMLReader). YAML
 * itself allows content there. */
static struct err *check_separators(const struct reader *r)
{
    const char *end = r->bytes + r->len;
    size_t line = 0;
    for (const char *s = r->bytes; s < end; line++) {
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        const char *stop = nl ? nl : end;
        const char *text = s + 3;
        if (stop - s >= 3 && memcmp(s, "---", 3) == 0) {
            while (text < stop && strchr(" \t\r", *text))
                text++;
            if (text < stop && *text != '#')
                return build_refuse(r->build, RW1108_YAML_AMBIGUOUS, (struct build_mark){ .line = line },
                                    "text behind \"---\" in one line, which kubectl does not read");
        }
        s = nl ? nl + 1 : end;
    }
    return NULL;
}

static struct err *parse_yaml(const char *bytes, size_t len, const char *file_name, bool alike, struct doc_list *out)
{
    AUTO_PTR(build) build = build_new(file_name, len, alike);
    struct reader r = { .bytes = bytes, .len = len, .file = file_name, .build = build, .out = out };
    if (len > LIMIT_MANIFEST)
        return build_refuse(build, RW1109_YAML_LIMIT, (struct build_mark){ 0 }, "%s is larger than %u bytes", file_name,
                            LIMIT_MANIFEST);
    TRY(check_separators(&r));
    if (!yaml_parser_initialize(&r.parser))
        return err_new(RW9005_RESOURCES, "cannot start the YAML parser");
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, len);
    struct err *e = read_events(&r);
    yaml_parser_delete(&r.parser);
    return e;
}

/* parse_json_stream: JSON documents one behind the other. Their places are told as 1:1. */
static struct err *parse_json_stream(const char *bytes, size_t len, const char *file_name, struct doc_list *out)
{
    size_t from = 0;
    TRY(json_check_bounds(bytes, len, file_name));
    for (;;) {
        from += strspn(bytes + from, " \t\r\n");
        if (from == len)
            return NULL;
        size_t used;
        json_t *root;
        TRY(json_parse_first(bytes + from, len - from, file_name, &root, &used));
        out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
        out->items[out->count++] = (struct doc){ .root = root, .file = xstrdup(file_name) };
        from += used;
    }
}

/* starts_json: as kubectl guesses (apimachinery util/yaml, GuessJSONStream). */
static bool starts_json(const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && strchr(" \t\r\n", bytes[i]))
        i++;
    return i < len && bytes[i] == '{';
}

static struct err *parse(const char *bytes, size_t len, const char *file_name, bool alike, struct doc_list *out)
{
    AUTO(doc_list) yaml = { 0 };
    AUTO(doc_list) json = { 0 };
    struct err *e = parse_yaml(bytes, len, file_name, alike, &yaml);
    bool maybe_json = e && err_get_code(e) == RW1107_YAML_SYNTAX && starts_json(bytes, len);
    if (maybe_json) {
        AUTO_STR text = xstrndup(bytes, len);
        struct err *also = strlen(text) == len ? parse_json_stream(text, len, file_name, &json) : NULL;
        if (!also && json.count > 0) {
            err_ignore(e, "it is JSON, of which not all is YAML");
            *out = json;
            json = (struct doc_list){ 0 };
            return NULL;
        }
        err_ignore(also, "it is no JSON either: YAML's error is told");
    }
    if (e)
        return e;
    *out = yaml;
    yaml = (struct doc_list){ 0 };
    return NULL;
}

struct err *doc_parse_yaml(const char *bytes, size_t len, const char *file_name, struct doc_list *out)
{
    return parse(bytes, len, file_name, false, out);
}

struct err *doc_parse_yaml_alike(const char *bytes, size_t len, const char *file_name, struct doc_list *out)
{
    return parse(bytes, len, file_name, true, out);
}

struct err *doc_parse_yaml_one(const char *bytes, size_t len, const char *file_name, struct doc *out)
{
    AUTO(doc_list) list = { 0 };
    TRY(doc_parse_yaml(bytes, len, file_name, &list));
    if (list.count > 1)
        return doc_err_where(err_new(RW1107_YAML_SYNTAX, "%s holds more than one document", file_name), &list.items[1],
                             "");
    if (list.count == 0)
        *out = (struct doc){ .root = doc_object(), .file = xstrdup(file_name) };
    else
        *out = list.items[0];
    if (list.count == 1)
        list.count = 0;
    return NULL;
}
