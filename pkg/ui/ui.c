#include "ui/ui.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "doc/tree.h"
#include "ui/error.h"
#include "ui/scrub.h"
#include "ui/table.h"

enum {
    LIMIT_LINE = 1 << 20, /* bytes of one printed event; a step's output comes line by line */
    SERVICE_COLUMN = 10,
    STAGE_COLUMN = 7
};

struct ui {
    struct ui_options options;
    pthread_mutex_t mutex;
    bool progress_shown;
    int write_errno;
};

struct ui *ui_new(const struct ui_options *options)
{
    struct ui *ui = xcalloc(1, sizeof *ui);
    ui->options = *options;
    pthread_mutex_init(&ui->mutex, NULL);
    return ui;
}

void ui_free(struct ui *ui)
{
    if (!ui)
        return;
    pthread_mutex_destroy(&ui->mutex);
    free(ui);
}

static void put(struct ui *ui, int fd, const char *text)
{
    struct err *e = fs_write_all(fd, "the result", text, strlen(text));
    if (e && !ui->write_errno)
        ui->write_errno = err_errno(e);
    err_ignore(e, "told at the end, once, by ui_finish");
}

static void clear_progress(struct ui *ui)
{
    if (ui->progress_shown)
        put(ui, ui->options.err_fd, "\r\033[K");
    ui->progress_shown = false;
}

static const char *kind_name(enum ui_kind kind)
{
    switch (kind) {
    case UI_PROGRESS:
        return "progress";
    case UI_OUTPUT:
        return "output";
    case UI_DETAIL:
        return "detail";
    case UI_STEP:
        return "step";
    case UI_NOTE:
        return "note";
    case UI_WARNING:
        return "warning";
    case UI_TIMING:
        return "timing";
    case UI_RESULT:
        return "result";
    }
    return "unknown";
}

static bool is_shown(const struct ui_options *options, enum ui_kind kind)
{
    switch (kind) {
    case UI_PROGRESS:
        return options->json || (options->terminal && !options->quiet);
    case UI_OUTPUT:
    case UI_DETAIL:
        return options->verbose || options->json;
    case UI_STEP:
    case UI_NOTE:
        return options->json || !options->quiet;
    case UI_WARNING:
    case UI_TIMING:
    case UI_RESULT:
        return true;
    }
    return true;
}

static const char *colour_of(enum ui_kind kind)
{
    switch (kind) {
    case UI_WARNING:
        return "\033[33m";
    case UI_RESULT:
        return "\033[32m";
    case UI_NOTE:
        return "\033[36m";
    case UI_PROGRESS:
    case UI_OUTPUT:
    case UI_DETAIL:
    case UI_TIMING:
        return "\033[2m";
    case UI_STEP:
        return "";
    }
    return "";
}

static void add_columns(struct buf *line, const struct ui_event *event)
{
    if (event->service)
        buf_addf(line, "%-*s ", SERVICE_COLUMN, event->service);
    if (event->stage)
        buf_addf(line, "%-*s ", STAGE_COLUMN, event->stage);
    if (event->kind == UI_WARNING)
        buf_adds(line, "warning: ");
}

static void add_elapsed(struct buf *line, int64_t elapsed_ms)
{
    if (elapsed_ms < 0)
        return;
    AUTO_STR elapsed = num_elapsed(elapsed_ms);
    buf_addf(line, "  %s", elapsed);
}

/* A progress line may not wrap, or clearing it would leave its first half behind. */
static void fit_columns(struct buf *line, size_t columns)
{
    if (columns < 2 || line->len < columns)
        return;
    size_t cut = columns - 1;
    while (cut && ((unsigned char)line->bytes[cut] & 0xC0) == 0x80)
        cut--;
    buf_truncate(line, cut);
}

static void tell_text(struct ui *ui, const struct ui_event *event, const char *text)
{
    const struct ui_options *options = &ui->options;
    AUTO(buf) body = BUF_INIT(LIMIT_LINE);
    AUTO(buf) line = BUF_INIT(2 * LIMIT_LINE);
    add_columns(&body, event);
    scrub_add(&body, text, strlen(text));
    add_elapsed(&body, event->elapsed_ms);
    if (event->kind == UI_PROGRESS)
        fit_columns(&body, options->columns);
    const char *colour = options->colour ? colour_of(event->kind) : "";
    buf_addf(&line, "%s%s%s%s", colour, buf_text(&body), *colour ? "\033[0m" : "",
             event->kind == UI_PROGRESS ? "" : "\n");
    clear_progress(ui);
    put(ui, event->kind == UI_RESULT ? options->out_fd : options->err_fd, buf_text(&line));
    ui->progress_shown = event->kind == UI_PROGRESS;
}

static void add_fields(json_t *object, const json_t *fields)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (fields, key, value)
        doc_set_key(object, key, doc_copy(value));
}

static void tell_json(struct ui *ui, const struct ui_event *event, const char *text)
{
    AUTO(buf) clean = BUF_INIT(LIMIT_LINE);
    DOC_AUTO object = doc_object();
    scrub_add(&clean, text, strlen(text));
    doc_set_key(object, "event", doc_string(kind_name(event->kind)));
    if (event->service)
        doc_set_key(object, "service", doc_string(event->service));
    if (event->stage)
        doc_set_key(object, "stage", doc_string(event->stage));
    doc_set_key(object, "text", doc_string(buf_text(&clean)));
    if (event->elapsed_ms >= 0)
        doc_set_key(object, "ms", doc_integer(event->elapsed_ms));
    add_fields(object, event->fields);
    AUTO_STR line = doc_dump(object);
    put(ui, ui->options.out_fd, line);
    put(ui, ui->options.out_fd, "\n");
}

void ui_tell(struct ui *ui, const struct ui_event *event, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    ui_vtell(ui, event, fmt, ap);
    va_end(ap);
}

void ui_vtell(struct ui *ui, const struct ui_event *event, const char *fmt, va_list ap)
{
    if (!is_shown(&ui->options, event->kind))
        return;
    AUTO_STR text = xvasprintf(fmt, ap);
    pthread_mutex_lock(&ui->mutex);
    if (ui->options.json)
        tell_json(ui, event, text);
    else
        tell_text(ui, event, text);
    pthread_mutex_unlock(&ui->mutex);
}

void ui_table(struct ui *ui, const char *event, const struct ui_column *columns, size_t column_count,
              const json_t *rows)
{
    AUTO(buf) text = BUF_INIT(TABLE_BYTES);
    if (doc_count(rows) == 0)
        return;
    if (ui->options.json)
        table_as_json(event, rows, &text);
    else
        table_as_text(columns, column_count, rows, &text);
    pthread_mutex_lock(&ui->mutex);
    clear_progress(ui);
    put(ui, ui->options.out_fd, buf_text(&text));
    pthread_mutex_unlock(&ui->mutex);
}

void ui_document(struct ui *ui, const char *event, const json_t *object, const char *text)
{
    AUTO(buf) line = BUF_INIT(SIZE_MAX);
    DOC_AUTO rows = doc_array();
    doc_append(rows, doc_copy(object));
    if (ui->options.json)
        table_as_json(event, rows, &line);
    pthread_mutex_lock(&ui->mutex);
    clear_progress(ui);
    put(ui, ui->options.out_fd, ui->options.json ? buf_text(&line) : text);
    pthread_mutex_unlock(&ui->mutex);
}

/* A colour that a pod keeps, besides those with a meaning. */
static const char *colour_of_pod(const char *pod)
{
    static const char *const colours[] = { "\033[34m", "\033[35m", "\033[36m", "\033[94m", "\033[95m", "\033[96m" };
    unsigned hash = 5381;
    for (; *pod; pod++)
        hash = hash * 33 + (unsigned char)*pod;
    return colours[hash % COUNT_OF(colours)];
}

static void log_source(const struct ui *ui, const struct ui_log *line, struct buf *out)
{
    AUTO_STR source = xasprintf("%s/%s/%s", line->service, line->pod, line->container);
    buf_adds(out, ui->options.colour ? colour_of_pod(line->pod) : "");
    scrub_add(out, source, strlen(source));
    buf_addf(out, "%s ", ui->options.colour ? "\033[0m" : "");
}

static void log_text(const struct ui *ui, const struct ui_log *line, struct buf *out)
{
    if (!line->bare)
        log_source(ui, line, out);
    scrub_add(out, line->text, line->len);
    buf_adds(out, line->cut ? " ... (cut)\n" : "\n");
}

static void log_json(const struct ui_log *line, struct buf *out)
{
    AUTO(buf) clean = BUF_INIT(LIMIT_LINE);
    DOC_AUTO object = doc_object();
    scrub_add(&clean, line->text, line->len);
    doc_set_key(object, "event", doc_string("log"));
    doc_set_key(object, "service", doc_string(line->service));
    doc_set_key(object, "pod", doc_string(line->pod));
    doc_set_key(object, "container", doc_string(line->container));
    doc_set_key(object, "time", doc_string(line->time));
    doc_set_key(object, "text", doc_string(buf_text(&clean)));
    if (line->cut)
        doc_set_key(object, "cut", doc_boolean(true));
    AUTO_STR text = doc_dump(object);
    buf_addf(out, "%s\n", text);
}

void ui_log(struct ui *ui, const struct ui_log *line)
{
    AUTO(buf) out = BUF_INIT(3 * LIMIT_LINE); /* JSON escapes what is shown twice as long at most */
    if (ui->options.json)
        log_json(line, &out);
    else
        log_text(ui, line, &out);
    pthread_mutex_lock(&ui->mutex);
    clear_progress(ui);
    put(ui, ui->options.out_fd, buf_text(&out));
    pthread_mutex_unlock(&ui->mutex);
}

bool ui_is_broken(struct ui *ui)
{
    pthread_mutex_lock(&ui->mutex);
    bool broken = ui->write_errno != 0;
    pthread_mutex_unlock(&ui->mutex);
    return broken;
}

void ui_text(struct ui *ui, const char *text)
{
    pthread_mutex_lock(&ui->mutex);
    put(ui, ui->options.out_fd, text);
    pthread_mutex_unlock(&ui->mutex);
}

void ui_error(struct ui *ui, const struct err *chain, int exit_code)
{
    AUTO_STR text = ui->options.json ? error_as_json(chain, exit_code) : error_as_text(chain, ui->options.colour);
    pthread_mutex_lock(&ui->mutex);
    clear_progress(ui);
    put(ui, ui->options.json ? ui->options.out_fd : ui->options.err_fd, text);
    pthread_mutex_unlock(&ui->mutex);
}

struct err *ui_finish(struct ui *ui)
{
    pthread_mutex_lock(&ui->mutex);
    clear_progress(ui);
    int number = ui->write_errno;
    pthread_mutex_unlock(&ui->mutex);
    return number ? err_sys(RW9006_OUTPUT, number, "cannot write the result") : NULL;
}
