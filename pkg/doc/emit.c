#include <inttypes.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "doc/number.h"
#include "doc/scalar.h"
#include "doc/tree.h"

/* libyaml's emitter writes into memory, so it fails for want of memory only, or for an event that we
 * should not have sent. */
static void emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
    if (!yaml_emitter_emit(emitter, event))
        BUG("the YAML emitter refused an event: %s", emitter->problem ? emitter->problem : "no reason");
}

static int take_bytes(void *out, unsigned char *bytes, size_t len)
{
    buf_add(out, bytes, len);
    return 1;
}

/* A text that YAML 1.1 would read as something else when it stands bare. */
static bool needs_quotes(const char *text)
{
    struct scalar scalar;
    return scalar_resolve(NULL, true, text, &scalar) || scalar.kind != DOC_STRING || strcmp(text, "=") == 0 ||
           strcmp(text, "<<") == 0;
}

/* A block keeps what it is given but for blanks at ends of lines and odd line breaks, which readers
 * treat differently. */
static bool fits_block(const char *text)
{
    if (!strchr(text, '\n') || strchr("\n \t", text[0]) || strstr(text, " \n") || strchr(text, '\t') ||
        strchr(text, '\r'))
        return false;
    for (const char *s = text; *s; s++)
        if ((unsigned char)*s < 0x20 && *s != '\n')
            return false;
    return text[strlen(text) - 1] != ' ';
}

static yaml_scalar_style_t style_of(const char *text, bool key)
{
    if (!key && fits_block(text))
        return YAML_LITERAL_SCALAR_STYLE;
    if (strpbrk(text, "\n\t\r"))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    return needs_quotes(text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;
    yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style);
    emit(emitter, &event);
}

static void emit_value(yaml_emitter_t *emitter, const json_t *value);

static void emit_object(yaml_emitter_t *emitter, const json_t *object)
{
    yaml_event_t event;
    const char *key;
    json_t *value;
    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                        doc_count(object) ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE);
    emit(emitter, &event);
    DOC_EACH_KEY (object, key, value) {
        emit_scalar(emitter, key, style_of(key, true));
        emit_value(emitter, value);
    }
    yaml_mapping_end_event_initialize(&event);
    emit(emitter, &event);
}

static void emit_array(yaml_emitter_t *emitter, const json_t *array)
{
    yaml_event_t event;
    size_t i;
    json_t *item;
    yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                         doc_count(array) ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE);
    emit(emitter, &event);
    DOC_EACH_ITEM (array, i, item)
        emit_value(emitter, item);
    yaml_sequence_end_event_initialize(&event);
    emit(emitter, &event);
}

/* Numbers and words stand bare, and are what they look like. */
static void emit_bare(yaml_emitter_t *emitter, char *text_steal)
{
    AUTO_STR text = text_steal;
    emit_scalar(emitter, text, YAML_PLAIN_SCALAR_STYLE);
}

static void emit_value(yaml_emitter_t *emitter, const json_t *value)
{
    switch (doc_kind(value)) {
    case DOC_NOTHING:
    case DOC_NULL:
        emit_scalar(emitter, "null", YAML_PLAIN_SCALAR_STYLE);
        return;
    case DOC_OBJECT:
        emit_object(emitter, value);
        return;
    case DOC_ARRAY:
        emit_array(emitter, value);
        return;
    case DOC_STRING:
        emit_scalar(emitter, doc_text(value, ""), style_of(doc_text(value, ""), false));
        return;
    case DOC_INTEGER:
        emit_bare(emitter, xasprintf("%" PRId64, doc_i64(value, "", 0)));
        return;
    case DOC_REAL:
        emit_bare(emitter, number_text(json_real_value(value)));
        return;
    case DOC_BOOLEAN:
        emit_scalar(emitter, doc_bool(value, "", false) ? "true" : "false", YAML_PLAIN_SCALAR_STYLE);
        return;
    }
}

char *doc_dump_yaml(const json_t *tree)
{
    enum { NO_FOLDING = -1, INDENT = 2 };
    AUTO(buf) out = BUF_INIT(SIZE_MAX);
    yaml_emitter_t emitter;
    yaml_event_t event;
    if (!yaml_emitter_initialize(&emitter))
        BUG("the YAML emitter cannot start");
    yaml_emitter_set_output(&emitter, take_bytes, &out);
    yaml_emitter_set_width(&emitter, NO_FOLDING);
    yaml_emitter_set_indent(&emitter, INDENT);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
    emit(&emitter, &event);
    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
    emit(&emitter, &event);
    emit_value(&emitter, tree);
    yaml_document_end_event_initialize(&event, 1);
    emit(&emitter, &event);
    yaml_stream_end_event_initialize(&event);
    emit(&emitter, &event);
    yaml_emitter_delete(&emitter);
    return buf_steal(&out, NULL);
}
