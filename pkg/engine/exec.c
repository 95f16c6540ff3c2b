#include "engine/exec.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"
#include "engine/call.h"
#include "http/upgrade.h"

enum {
    FRAME_HEAD = 8,    /* github.com/moby/moby api/pkg/stdcopy */
    ENGINE_STREAM = 3, /* in which the engine itself speaks */
    PID_TEXT = 24,     /* bytes of the line in which a killable program's shell tells its pid */
    SHOWN_WORDS = 512,
    RUN_PIECE = 16 * 1024,
    ENDED_POLL_MS = 10,
    START_MS = 30000, /* a machine that builds and imports at once starts programs slowly */
    KILL_MS = 5000
};

struct engine_exec {
    struct engine *engine;
    struct http_upgrade *stream;
    char *id;
    char *container;
    char *pid; /* in the container; NULL unless killable */
    unsigned char head[FRAME_HEAD];
    size_t head_len;
    uint32_t left; /* bytes of the frame that were not read */
    unsigned char kind;
    struct buf overtaking; /* bytes of stderr that came before the pid */
};

/* The argv of the shell that tells its pid and becomes the program. */
static json_t *command_of(const struct engine_exec_spec *spec)
{
    static const char *const shell[] = { "sh", "-c", "echo $$; exec \"$@\"", "sh" };
    json_t *command = doc_array();
    for (size_t i = 0; spec->killable && i < COUNT_OF(shell); i++)
        doc_append(command, doc_string(shell[i]));
    for (size_t i = 0; spec->argv[i]; i++)
        doc_append(command, doc_string(spec->argv[i]));
    return command;
}

static struct err *create(struct engine_exec *x, const struct engine_exec_spec *spec, struct net_wait wait)
{
    DOC_AUTO body = doc_object();
    doc_set_key(body, "AttachStdin", doc_boolean(spec->has_input));
    doc_set_key(body, "AttachStdout", doc_boolean(true));
    doc_set_key(body, "AttachStderr", doc_boolean(true));
    doc_set_key(body, "Tty", doc_boolean(false));
    doc_set_key(body, "Privileged", doc_boolean(spec->privileged));
    doc_set_key(body, "Cmd", command_of(spec));
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    http_path_fixed(&path, "/containers");
    http_path_segment(&path, spec->container);
    http_path_fixed(&path, "/exec");
    TRY(engine_ask(x->engine, "POST", &path, body, wait, &answer));
    if (!http_response_ok(&answer))
        return engine_refused(&answer, "run %s in container %s", spec->argv[0], spec->container);
    DOC_AUTO tree = NULL;
    TRY(engine_tree(&answer, &tree));
    x->id = xstrdup(doc_text(tree, "/Id"));
    return x->id ? NULL : err_new(RW3106_ENGINE_PROTOCOL, "the engine made an exec without an id");
}

static struct err *attach(struct engine_exec *x, struct net_wait wait)
{
    static const char body[] = "{\"Detach\":false,\"Tty\":false}";
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    http_path_fixed(&path, "/exec");
    http_path_segment(&path, x->id);
    http_path_fixed(&path, "/start");
    struct http_request request = {
        .method = "POST", .path = &path, .body = body, .body_len = sizeof body - 1, .wait = wait
    };
    TRY(engine_failure(x->engine, &answer, http_upgrade_open(x->engine->socket, &request, &answer, &x->stream)));
    return x->stream ? NULL : engine_refused(&answer, "start a program in container %s", x->container);
}

static struct err *gone(struct engine_exec *x, struct err *e)
{
    if (!e || err_get_code(e) != RW9003_SOCKET)
        return e;
    return err_because(RW3104_ENGINE_GONE, e, "the engine closed the streams of a program in container %s",
                       x->container);
}

/* Reads until a frame with bytes in it is open; *end when the stream is over between two frames. */
static struct err *open_frame(struct engine_exec *x, struct net_wait wait, bool *end)
{
    while (x->left == 0) {
        size_t len = 0;
        TRY(gone(x, http_upgrade_read(x->stream, x->head + x->head_len, FRAME_HEAD - x->head_len, wait, &len)));
        if (len == 0 && x->head_len > 0)
            return err_new(RW3106_ENGINE_PROTOCOL, "the output of a program in container %s is cut", x->container);
        *end = len == 0;
        if (*end)
            return NULL;
        x->head_len += len;
        if (x->head_len < FRAME_HEAD)
            continue;
        x->head_len = 0;
        x->kind = x->head[0];
        x->left = (uint32_t)x->head[4] << 24 | (uint32_t)x->head[5] << 16 | (uint32_t)x->head[6] << 8 | x->head[7];
        if (x->kind > 3 || x->head[1] || x->head[2] || x->head[3])
            return err_new(RW3106_ENGINE_PROTOCOL, "the output of a program in container %s is not framed as Docker's",
                           x->container);
        if (x->kind == ENGINE_STREAM)
            return NULL;
    }
    return NULL;
}

/* What the engine itself says; cut, it is better than nothing. */
static struct err *gave_up(struct engine_exec *x, struct net_wait wait)
{
    char words[SHOWN_WORDS] = { 0 };
    size_t want = x->left < sizeof words - 1 ? x->left : sizeof words - 1;
    size_t got = 1;
    for (size_t len = 0; got > 0 && len < want; len += got) {
        struct err *e = http_upgrade_read(x->stream, words + len, want - len, wait, &got);
        if (e) {
            err_ignore(e, "the words that came are shown");
            break;
        }
    }
    struct err *e = err_new(RW3103_ENGINE_REFUSED, "the engine gave up a program in container %s", x->container);
    return err_cause(e, "%s", *words ? words : "it did not say why");
}

static struct err *read_frame(struct engine_exec *x, void *to, size_t room, struct net_wait wait, size_t *len,
                              bool *is_stderr)
{
    bool end = false;
    TRY(open_frame(x, wait, &end));
    *len = 0;
    if (end)
        return NULL;
    if (x->kind == ENGINE_STREAM)
        return gave_up(x, wait);
    size_t want = x->left < room ? x->left : room;
    size_t got = 0;
    TRY(gone(x, http_upgrade_read(x->stream, to, want, wait, &got)));
    if (got == 0)
        return err_new(RW3106_ENGINE_PROTOCOL, "the output of a program in container %s is cut", x->container);
    x->left -= (uint32_t)got;
    *len = got;
    *is_stderr = x->kind == 2;
    return NULL;
}

/* What an exec that did not start a shell says on stdout is the engine's reason. */
static struct err *no_shell(struct engine_exec *x, const char *first_words, struct net_wait wait)
{
    char more[SHOWN_WORDS] = { 0 };
    size_t len = 0;
    bool is_stderr = false;
    err_ignore(engine_exec_read(x, more, sizeof more - 1, wait, &len, &is_stderr), "the first words are shown");
    more[strcspn(more, "\r\n")] = '\0';
    struct err *e = err_new(RW3103_ENGINE_REFUSED, "no program can be run in container %s", x->container);
    return err_cause(e, "%s%s", first_words, *first_words || *more ? more : "its shell did not start");
}

/* stdout and stderr are two pipes to the engine: what the program writes to the one may overtake
 * the pid that its shell wrote to the other, and is kept for the reader. */
static struct err *read_pid(struct engine_exec *x, struct net_wait wait)
{
    char text[PID_TEXT] = { 0 };
    size_t have = 0;
    int64_t pid;
    bool whole = false; /* its line has ended: half a pid is that of something else */
    while (!whole && have < sizeof text - 1) {
        size_t len = 0;
        bool is_stderr = false;
        char byte;
        TRY(read_frame(x, &byte, 1, wait, &len, &is_stderr));
        if (len == 0 || (is_stderr && !buf_append(&x->overtaking, &byte, 1)))
            break;
        whole = !is_stderr && byte == '\n';
        if (!is_stderr && !whole)
            text[have++] = byte;
    }
    if (!whole || !num_i64(text, 1, INT32_MAX, &pid))
        return no_shell(x, text, wait);
    x->pid = xstrdup(text);
    return NULL;
}

struct err *engine_exec_start(struct engine *e, const struct engine_exec_spec *spec, struct net_wait wait,
                              struct engine_exec **out)
{
    struct net_wait soon = { clock_earlier(wait.deadline_ms, clock_after(ENGINE_CALL_MS)), wait.cancel };
    AUTO_PTR(engine_exec) x = xcalloc(1, sizeof *x);
    x->engine = e;
    x->container = xstrdup(spec->container);
    x->overtaking = BUF_INIT(LIMIT_HTTP_HEAD);
    TRY(create(x, spec, soon));
    /* From here on a program may run: to give up before its pid is known would leave it behind. */
    struct net_wait surely = { .deadline_ms = clock_after(START_MS) };
    TRY(attach(x, surely));
    if (spec->killable)
        TRY(read_pid(x, surely));
    *out = STEAL(&x);
    return NULL;
}

void engine_exec_free(struct engine_exec *x)
{
    if (!x)
        return;
    http_upgrade_free(x->stream);
    free(x->id);
    free(x->container);
    free(x->pid);
    buf_release(&x->overtaking);
    free(x);
}

struct err *engine_exec_write(struct engine_exec *x, const void *bytes, size_t len, struct net_wait wait)
{
    return gone(x, http_upgrade_write(x->stream, bytes, len, wait));
}

struct err *engine_exec_end_input(struct engine_exec *x)
{
    return gone(x, http_upgrade_half_close(x->stream));
}

struct err *engine_exec_read(struct engine_exec *x, void *to, size_t room, struct net_wait wait, size_t *len,
                             bool *is_stderr)
{
    if (x->overtaking.len == 0)
        return read_frame(x, to, room, wait, len, is_stderr);
    *len = x->overtaking.len < room ? x->overtaking.len : room;
    *is_stderr = true;
    memcpy(to, x->overtaking.bytes, *len);
    buf_consume(&x->overtaking, *len);
    return NULL;
}

int engine_exec_fd(const struct engine_exec *x)
{
    return http_upgrade_fd(x->stream);
}

bool engine_exec_buffered(const struct engine_exec *x)
{
    return x->overtaking.len > 0 || http_upgrade_buffered(x->stream);
}

/* *running, and once it is false the exit code; -1 when the engine knows none. */
static struct err *look(struct engine_exec *x, struct net_wait wait, bool *running, int *exit_code)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    http_path_fixed(&path, "/exec");
    http_path_segment(&path, x->id);
    http_path_fixed(&path, "/json");
    struct net_wait soon = { clock_earlier(wait.deadline_ms, clock_after(ENGINE_CALL_MS)), wait.cancel };
    TRY(engine_ask(x->engine, "GET", &path, NULL, soon, &answer));
    if (!http_response_ok(&answer))
        return engine_refused(&answer, "tell how a program in container %s ended", x->container);
    DOC_AUTO tree = NULL;
    TRY(engine_tree(&answer, &tree));
    int64_t code = doc_i64(tree, "/ExitCode", -1);
    if (doc_kind(doc_get(tree, "/Running")) != DOC_BOOLEAN || code > INT32_MAX)
        return err_new(RW3106_ENGINE_PROTOCOL, "the engine tells no exit code of a program in container %s",
                       x->container);
    *running = doc_bool(tree, "/Running", true);
    *exit_code = code < 0 ? -1 : (int)code;
    return NULL;
}

struct err *engine_exec_wait(struct engine_exec *x, struct net_wait wait, int *exit_code)
{
    for (;;) {
        bool running = true;
        int code = -1;
        TRY(look(x, wait, &running, &code));
        if (!running && code < 0)
            return err_new(RW3104_ENGINE_GONE, "a program in container %s ended without an exit code", x->container);
        if (!running) {
            *exit_code = code;
            return NULL;
        }
        if (clock_ms() >= wait.deadline_ms)
            return err_new(RW9007_DEADLINE, "a program in container %s did not end in time", x->container);
        TRY(cancel_sleep(wait.cancel, clock_after(ENDED_POLL_MS)));
    }
}

static struct err *wait_gone(struct engine_exec *x, struct net_wait wait)
{
    bool running = true;
    int code;
    for (;;) {
        TRY(look(x, wait, &running, &code));
        if (!running)
            return NULL;
        if (clock_ms() >= wait.deadline_ms)
            return err_new(RW9007_DEADLINE, "a program in container %s did not end in time", x->container);
        TRY(cancel_sleep(wait.cancel, clock_after(ENDED_POLL_MS)));
    }
}

struct err *engine_exec_kill(struct engine_exec *x, struct net_wait wait)
{
    bool running = true;
    int code;
    TRY(look(x, wait, &running, &code));
    if (!running)
        return NULL;
    if (!x->pid)
        BUG("an exec that is not killable is killed");
    /* With its children: each exec leads a process group of its own (runc nsexec.c, setsid). */
    AUTO_STR group = xasprintf("-%s", x->pid);
    const char *const argv[] = { "kill", "-KILL", "--", group, NULL };
    struct engine_exec_spec spec = { .container = x->container, .argv = argv };
    AUTO_PTR(engine_exec) killer = NULL;
    TRY(engine_exec_start(x->engine, &spec, wait, &killer));
    return wait_gone(x, wait);
}

static struct err *take_output(struct engine_exec *x, struct net_wait wait, struct engine_exec_result *out, bool *end)
{
    char piece[RUN_PIECE];
    size_t len = 0;
    bool is_stderr = false;
    TRY(engine_exec_read(x, piece, sizeof piece, wait, &len, &is_stderr));
    *end = len == 0;
    if (!buf_append(is_stderr ? &out->err : &out->out, piece, len))
        return err_new(RW3106_ENGINE_PROTOCOL, "a program in container %s says more than %u bytes", x->container,
                       LIMIT_EXEC_OUTPUT);
    return NULL;
}

/* Input and output at once: a program that answers before it has read all must not block us. */
static struct err *exchange(struct engine_exec *x, const char *input, size_t input_len, struct net_wait wait,
                            struct engine_exec_result *out)
{
    bool end = false;
    size_t sent = 0;
    bool open = input != NULL;
    while (!end) {
        if (open && sent == input_len) {
            TRY(engine_exec_end_input(x));
            open = false;
        }
        struct net_poll poll_one = { .fd = engine_exec_fd(x), .want = (short)(POLLIN | (open ? POLLOUT : 0)) };
        if (!engine_exec_buffered(x))
            TRY(gone(x, net_poll(&poll_one, 1, wait)));
        if (engine_exec_buffered(x) || (poll_one.got & (POLLIN | POLLHUP | POLLERR))) {
            TRY(take_output(x, wait, out, &end));
        } else if (poll_one.got & POLLOUT) {
            size_t piece = input_len - sent < RUN_PIECE ? input_len - sent : RUN_PIECE;
            TRY(engine_exec_write(x, input + sent, piece, wait));
            sent += piece;
        }
    }
    return NULL;
}

struct err *engine_exec_run(struct engine *e, const char *container, const char *const *argv, const void *input,
                            size_t input_len, struct net_wait wait, struct engine_exec_result *out)
{
    struct engine_exec_spec spec = {
        .container = container, .argv = argv, .has_input = input != NULL, .killable = true
    };
    AUTO(engine_exec_result) result = { .out = BUF_INIT(LIMIT_EXEC_OUTPUT), .err = BUF_INIT(LIMIT_EXEC_OUTPUT) };
    AUTO_PTR(engine_exec) x = NULL;
    TRY(engine_exec_start(e, &spec, wait, &x));
    struct err *failed = exchange(x, input, input_len, wait, &result);
    if (!failed)
        failed = engine_exec_wait(x, wait, &result.exit_code);
    if (failed) {
        err_ignore(engine_exec_kill(x, (struct net_wait){ .deadline_ms = clock_after(KILL_MS) }),
                   "the first error tells more");
        return failed;
    }
    *out = result;
    result = (struct engine_exec_result){ 0 };
    return NULL;
}

void engine_exec_result_release(struct engine_exec_result *r)
{
    buf_release(&r->out);
    buf_release(&r->err);
}
