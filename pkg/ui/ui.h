/* ui: one stream of events, shown as text or as JSON.
 *
 * Whoever works tells the ui what happens; the ui alone decides what of it a terminal, a log file
 * or a program gets to see. It is the only part of rwml that writes to stdout and stderr, except
 * for help. Services run side by side, so every call may come from any thread; a line is written
 * whole or not at all.
 *
 *   text   results on stdout, talk on stderr; on a terminal the running steps share one line that
 *          is replaced as they move
 *   json   every event as an object on a line of its own, on stdout:
 *          {"event":"step","service":"web","stage":"build","text":"…","ms":41}
 *          with what programs would have to pick out of the text as keys of their own behind it,
 *          bytes and milliseconds as numbers,
 *          and errors as {"event":"error","code":"RW3101","exit":3,"class":"ENV",…}
 *
 * All text passes scrub.h.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include <stdint.h>

#include "base/err.h"
#include "doc/tree.h"

enum ui_kind {
    UI_PROGRESS, /* what runs right now; replaced by the next */
    UI_OUTPUT,   /* a line of the user's own program, shown with -v */
    UI_DETAIL,   /* shown with -v: why a way was taken */
    UI_STEP,     /* one part is done */
    UI_NOTE,     /* what the user did not ask for and should know */
    UI_WARNING,
    UI_TIMING, /* what a phase took, when that was asked for */
    UI_RESULT  /* a stage is done: what a script would want to read */
};

struct ui_event {
    enum ui_kind kind;
    const char *service;  /* NULL: concerns no single service */
    const char *stage;    /* "build", "push", "deploy"; NULL: none */
    int64_t elapsed_ms;   /* < 0: not told */
    const json_t *fields; /* an object with what the text says, for programs; NULL: none. Borrowed */
};

struct ui_options {
    bool json;
    bool quiet; /* results, warnings and errors only */
    bool verbose;
    bool terminal; /* stderr is a terminal that knows how to clear a line */
    bool colour;
    size_t columns; /* of the terminal */
    int out_fd;     /* results; both are waited for where they are non-blocking */
    int err_fd;     /* talk */
};

struct ui;

struct ui *ui_new(const struct ui_options *options);
void ui_free(struct ui *ui);
DEFINE_FREEP(ui)

void ui_tell(struct ui *ui, const struct ui_event *event, const char *fmt, ...) PRINTF_LIKE(3, 4);
void ui_vtell(struct ui *ui, const struct ui_event *event, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

/* ui_table: a list that was asked for, on out_fd. rows: objects, all with the same keys. text: a line
 * for each row, below the titles; columns as wide as they have to be. json: each row as it is, on a line
 * of its own, with "event" in front. Nothing at all for no rows. */
struct ui_column {
    const char *title;
    const char *key;     /* of a text, of a list of texts, or of a number, which is one of bytes */
    const char *without; /* what texts may begin with that people don't have to read; NULL: nothing */
};
void ui_table(struct ui *ui, const char *event, const struct ui_column *columns, size_t column_count,
              const json_t *rows);

/* ui_document: something that was asked for as data, on out_fd. text: as it is. json: the object as it is, with
 * "event" in front, on a line of its own. */
void ui_document(struct ui *ui, const char *event, const json_t *object, const char *text);

/* ui_log: a line that a container printed, on out_fd, whatever else is shown. text: behind "service/pod/container",
 * which has a colour of its own for each pod. json: {"event":"log","service":…,"pod":…,"container":…,"time":…,
 * "text":…}, and "cut":true where the line was longer. */
struct ui_log {
    const char *service;
    const char *pod;
    const char *container;
    const char *time; /* as the server told it */
    const char *text;
    size_t len;
    bool cut;
    bool bare; /* text: the line alone, as the program would have written it to us */
};
void ui_log(struct ui *ui, const struct ui_log *line);

/* ui_is_broken: nothing that is written arrives any more (a closed pipe). */
bool ui_is_broken(struct ui *ui);

/* ui_text: a text that was asked for (help, the version), as it is, on out_fd. */
void ui_text(struct ui *ui, const char *text);

/* ui_error: prints every error of the chain, sorted by place and message. One that says the same
 * as another is printed once. Called by cmd/ only. */
void ui_error(struct ui *ui, const struct err *chain, int exit_code);

/* ui_finish: clears the progress line; RW9006_OUTPUT when something of what was written did not
 * arrive (a full disk, a closed pipe). */
struct err *ui_finish(struct ui *ui) MUST_USE;

#endif
