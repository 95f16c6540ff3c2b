#include "ui/error.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "doc/tree.h"
#include "ui/scrub.h"

enum { LIMIT_ERRORS_TEXT = 16 << 20, NEXT_COMMANDS = 2 };

static const char UNKNOWN_STATE[] = "not known; look before you repeat the command";

static int compare_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare(const void *a, const void *b)
{
    const struct err *left = *(const struct err *const *)a, *right = *(const struct err *const *)b;
    int order = compare_text(err_get_where(left), err_get_where(right));
    if (!order)
        order = compare_text(err_get_message(left), err_get_message(right));
    if (!order)
        order = compare_text(err_get_cause(left), err_get_cause(right));
    return order ? order : compare_text(err_get_state(left), err_get_state(right));
}

/* The chain as a sorted array without repetitions; the caller frees it. */
static const struct err **sorted(const struct err *chain, size_t *out_count)
{
    size_t count = 0, kept = 0;
    for (const struct err *e = chain; e; e = err_sibling(e))
        count++;
    const struct err **all = xcalloc(count, sizeof *all);
    for (const struct err *e = chain; e; e = err_sibling(e))
        all[kept++] = e;
    qsort(all, count, sizeof *all, compare);
    kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare(&all[kept - 1], &all[i]) != 0)
            all[kept++] = all[i];
    *out_count = kept;
    return all;
}

static void add_clean(struct buf *out, const char *text)
{
    scrub_add(out, text, strlen(text));
}

/* "  cause: first line", further lines of the text below it, indented. */
static void add_line(struct buf *out, const char *label, const char *text)
{
    if (!text)
        return;
    buf_addf(out, "  %-6s ", label);
    AUTO_STR copy = xstrdup(text);
    char *rest = copy, *line;
    for (bool first = true; (line = strsep(&rest, "\n")); first = false) {
        if (!first && !*line)
            continue;
        if (!first)
            buf_addf(out, "%*s", 9, "");
        add_clean(out, line);
        buf_adds(out, "\n");
    }
}

static void add_detail(struct buf *out, const char *detail)
{
    if (!detail)
        return;
    AUTO_STR copy = xstrdup(detail);
    char *rest = copy, *line;
    while ((line = strsep(&rest, "\n"))) {
        if (!rest && !*line)
            break;
        buf_adds(out, "  | ");
        add_clean(out, line);
        buf_adds(out, "\n");
    }
}

static void add_error(struct buf *out, const struct err *e, bool colour)
{
    const char *state = err_get_state(e);
    buf_addf(out, "%serror[RW%04d]%s: ", colour ? "\033[31m" : "", (int)err_get_code(e), colour ? "\033[0m" : "");
    add_clean(out, err_get_message(e));
    buf_adds(out, "\n");
    add_line(out, "cause:", err_get_cause(e));
    add_detail(out, err_get_detail(e));
    add_line(out, "state:", state ? state : UNKNOWN_STATE);
    for (size_t i = 0; i < NEXT_COMMANDS; i++)
        add_line(out, i ? "" : "next:", err_get_next(e, i));
    add_line(out, "where:", err_get_where(e));
}

char *error_as_text(const struct err *chain, bool colour)
{
    AUTO(buf) out = BUF_INIT(LIMIT_ERRORS_TEXT);
    size_t count;
    const struct err **all = sorted(chain, &count);
    for (size_t i = 0; i < count; i++)
        add_error(&out, all[i], colour);
    free(all);
    return buf_steal(&out, NULL);
}

static void put_text(json_t *object, const char *key, const char *text)
{
    if (!text)
        return;
    AUTO(buf) clean = BUF_INIT(LIMIT_ERRORS_TEXT);
    add_clean(&clean, text);
    doc_set_key(object, key, doc_string(buf_text(&clean)));
}

static json_t *next_commands(const struct err *e)
{
    json_t *list = doc_array();
    for (size_t i = 0; i < NEXT_COMMANDS; i++)
        if (err_get_next(e, i))
            doc_append(list, doc_string(err_get_next(e, i)));
    return list;
}

static void add_json(struct buf *out, const struct err *e, int exit_code)
{
    DOC_AUTO object = doc_object();
    AUTO_STR code = xasprintf("RW%04d", (int)err_get_code(e));
    doc_set_key(object, "event", doc_string("error"));
    doc_set_key(object, "code", doc_string(code));
    doc_set_key(object, "exit", doc_integer(exit_code));
    doc_set_key(object, "class", doc_string(err_class_name(err_get_class(e))));
    put_text(object, "message", err_get_message(e));
    put_text(object, "cause", err_get_cause(e));
    put_text(object, "state", err_get_state(e) ? err_get_state(e) : UNKNOWN_STATE);
    doc_set_key(object, "next", next_commands(e));
    put_text(object, "where", err_get_where(e));
    put_text(object, "detail", err_get_detail(e));
    AUTO_STR line = doc_dump(object);
    buf_addf(out, "%s\n", line);
}

char *error_as_json(const struct err *chain, int exit_code)
{
    AUTO(buf) out = BUF_INIT(LIMIT_ERRORS_TEXT);
    size_t count;
    const struct err **all = sorted(chain, &count);
    for (size_t i = 0; i < count; i++)
        add_json(&out, all[i], exit_code);
    free(all);
    return buf_steal(&out, NULL);
}
