#include "node/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "node/failure.h"
#include "oci/reference.h"

extern const char session_script[]; /* session.sh, by session_script.S */

enum { SAYS_BYTES = 64 * 1024, ANSWER_BYTES = 16 * 1024 * 1024, READ_BYTES = 16 * 1024, BY_ITSELF_MS = 3000 };

static struct err *unanswered(const struct session *s, struct net_wait wait, struct err *e)
{
    if (!e || err_get_code(e) == RW4002_NODE_STOPPED || err_get_code(e) == RW9009_INTERRUPTED)
        return e;
    e = err_because(RW4003_NODE_FAILED, e, "node %s does not answer", s->node->name);
    return node_lost(s->engine, s->node, wait.cancel, e);
}

/* The next whole line of output, or NULL at its end. */
static struct err *next_line(struct session *s, struct net_wait wait, char **line)
{
    bool end = false;
    for (;;) {
        const char *newline = s->out.len > 0 ? memchr(s->out.bytes, '\n', s->out.len) : NULL;
        if (newline) {
            size_t len = (size_t)(newline - s->out.bytes);
            *line = xstrndup(s->out.bytes, len);
            buf_consume(&s->out, len + 1);
            return NULL;
        }
        if (end)
            return NULL;
        TRY(session_await(s, wait, &end));
    }
}

/* What comes until the dot. Where the script ends before it, CRI does not answer. */
static struct err *read_answer(struct session *s, struct net_wait wait, struct buf *text)
{
    for (;;) {
        AUTO_STR line = NULL;
        TRY(unanswered(s, wait, next_line(s, wait, &line)));
        if (!line)
            return node_failure(s->engine, s->node, "tell which images it has", buf_text(&s->says));
        if (strcmp(line, ".") == 0)
            return NULL;
        if (!buf_append(text, line, strlen(line)) || !buf_append(text, "\n", 1))
            return err_new(RW4003_NODE_FAILED, "node %s has too many layers to tell", s->node->name);
    }
}

static bool next_word_is(const char **at, const char *word)
{
    size_t len = strlen(word);
    bool is = strncmp(*at, word, len) == 0 && (!(*at)[len] || strchr(" \n", (*at)[len]));
    *at += strcspn(*at, " \n");
    *at += **at == ' ';
    return is;
}

/* Names of an image that is not unpacked are none. */
static void read_names(struct session *s, const char *text)
{
    static const char line[] = "\nnames ";
    const char *at = strstr(text, line);
    bool counts = !s->image->chain_id || holdings_has_chain(&s->holdings, s->image->chain_id);
    if (!at || !counts)
        return;
    at += strlen(line);
    s->has_ref = next_word_is(&at, s->image->config_digest);
    s->has_content = next_word_is(&at, s->image->config_digest);
}

static struct err *read_holdings(struct session *s, struct net_wait wait)
{
    AUTO(buf) text = BUF_INIT(ANSWER_BYTES);
    buf_adds(&text, "\n");
    TRY(read_answer(s, wait, &text));
    holdings_parse(buf_text(&text), &s->holdings);
    read_names(s, buf_text(&text));
    return NULL;
}

struct err *session_open(struct session *s, struct engine *e, const struct node *node, const struct node_image *image,
                         bool only_ask, struct net_wait wait)
{
    AUTO_STR ref = NULL;
    AUTO_STR content = NULL;
    s->node = node;
    s->image = image;
    s->out = BUF_INIT(ANSWER_BYTES);
    s->says = BUF_INIT(SAYS_BYTES);
    TRY(node_stopped(node));
    TRY(oci_full_name(image->ref, &ref));
    TRY(oci_full_name(image->content_name, &content));
    TRY(engine_again(e, &s->engine));
    const char *const argv[] = { "sh", "-c",    session_script,        "sh", image->config_digest,
                                 ref,  content, only_ask ? "ask" : "", NULL };
    struct engine_exec_spec spec = {
        .container = node->name, .argv = argv, .has_input = true, .privileged = true, .killable = true
    };
    TRY(unanswered(s, wait, engine_exec_start(s->engine, &spec, wait, &s->exec)));
    return read_holdings(s, wait);
}

void session_release(struct session *s)
{
    engine_exec_free(s->exec);
    engine_free(s->engine);
    holdings_release(&s->holdings);
    buf_release(&s->out);
    buf_release(&s->says);
    *s = (struct session){ 0 };
}

struct err *session_read(struct session *s, struct net_wait wait, bool *end)
{
    char piece[READ_BYTES];
    size_t len = 0;
    bool is_stderr = false;
    TRY(engine_exec_read(s->exec, piece, sizeof piece, wait, &len, &is_stderr));
    *end = len == 0;
    struct buf *to = is_stderr ? &s->says : &s->out;
    if (is_stderr && to->len + len > SAYS_BYTES)
        buf_truncate(to, 0); /* its last words are what counts */
    return buf_append(to, piece, len) ? NULL : err_new(RW3106_ENGINE_PROTOCOL, "node %s says too much", s->node->name);
}

struct err *session_await(struct session *s, struct net_wait wait, bool *end)
{
    for (;;) {
        struct net_wait soon = { clock_earlier(wait.deadline_ms, clock_after(NODE_LOOK_MS)), wait.cancel };
        struct err *e = session_read(s, soon, end);
        if (!e || err_get_code(e) != RW9007_DEADLINE || clock_ms() >= wait.deadline_ms)
            return e;
        err_ignore(e, "what it does may take long");
        TRY(node_stopped_meanwhile(s->engine, s->node, wait.cancel));
    }
}

static struct err *order(struct session *s, const char *verb, const struct node_image *image, struct net_wait wait)
{
    AUTO_STR content = NULL;
    TRY(oci_full_name(image->content_name, &content));
    AUTO_STR line = xasprintf("%s %s %s\n", verb, image->config_digest, content);
    s->image = image;
    return engine_exec_write(s->exec, line, strlen(line), wait);
}

struct err *session_import(struct session *s, const struct node_image *image, struct net_wait wait)
{
    return order(s, "import", image, wait);
}

struct err *session_pull(struct session *s, const struct node_image *image, struct net_wait wait)
{
    s->pulls = true;
    return order(s, "pull", image, wait);
}

const char *session_told(const struct session *s)
{
    return s->pulls ? "pull the image" : "import the image";
}

struct err *session_failure(const struct session *s)
{
    return node_failure(s->engine, s->node, session_told(s), buf_text(&s->says));
}

bool session_is_done(const struct session *s)
{
    return strcmp(buf_text(&s->out), "done\n") == 0;
}

struct err *session_result(struct session *s)
{
    static const char other[] = "other ";
    const char *out = buf_text(&s->out);
    if (session_is_done(s))
        return NULL;
    if (!str_starts(out, other))
        return session_failure(s);
    struct err *e = err_new(RW4202_IMAGE_MISMATCH, "node %s reports another image than it was given", s->node->name);
    out += sizeof other - 1;
    return err_cause(e, "expected %s; %.*s", s->image->config_digest, (int)strcspn(out, "\n"), out);
}

/* "ctr: … content digest sha256:…: not found", of containerd 1.6 to 2.1. */
bool session_lost_layer(const struct session *s)
{
    return strstr(buf_text(&s->says), "sha256:") && strstr(buf_text(&s->says), ": not found");
}

/* The end of its output is its end. */
static struct err *wait_for_end(struct session *s, struct net_wait wait)
{
    bool end = false;
    while (!end) {
        buf_truncate(&s->out, 0);
        TRY(session_read(s, wait, &end));
    }
    return NULL;
}

struct err *session_end(struct session *s, struct net_wait wait)
{
    if (!s->exec)
        return NULL;
    int64_t patience_ms = s->pulls ? 0 : BY_ITSELF_MS; /* a pull reads no input */
    struct net_wait by_itself = { clock_earlier(wait.deadline_ms, clock_after(patience_ms)), wait.cancel };
    struct err *e = engine_exec_end_input(s->exec);
    if (!e)
        e = wait_for_end(s, by_itself);
    if (!e)
        return NULL;
    err_ignore(e, "whatever keeps it, it is killed");
    return engine_exec_kill(s->exec, wait);
}
