#include <stdlib.h>
#include <string.h>

#include "base/task.h"
#include "node/failure.h"
#include "node/stock.h"

enum { ANSWER_BYTES = 16 * 1024 * 1024, SAYS_BYTES = 64 * 1024, READ_BYTES = 16 * 1024, SIDE_BY_SIDE = 8 };

/* The times first: an image that comes in between then has none, and what has none stays. CRI learns
 * of what ctr removes by events of containerd, some milliseconds after ctr has returned. */
static const char script[] =
    "blobs=io.containerd.content.v1.content/blobs/sha256 root=/var/lib/containerd\n"
    "[ -d $root/$blobs ] ||\n"
    "  root=$(containerd config dump | sed -n \"s/^root *= *[\\\"']\\([^\\\"']*\\)[\\\"'].*/\\1/p\")\n"
    "(cd \"$root/$blobs\" && stat -c 'arrived %.3Y sha256:%n' -- *)\n"
    "crictl images -o json || exit 1\n"
    "echo .\n"
    "set --\n"
    "while :; do\n"
    "  read -r name || exit 0\n"
    "  [ \"$name\" != . ] || break\n"
    "  set -- \"$@\" \"$name\"\n"
    "done\n"
    "ctr -n k8s.io images rm \"$@\" >/dev/null || exit 1\n"
    "left() {\n"
    "  all=$(crictl images -o json) || exit 1\n"
    "  for name do case $all in *\"\\\"$name\\\"\"*) return 0 ;; esac; done\n"
    "  return 1\n"
    "}\n"
    "tries=0\n"
    "while left \"$@\"; do\n"
    "  [ $tries -lt 100 ] || { echo \"$name is still there\" >&2; exit 1; }\n"
    "  tries=$((tries + 1)); sleep 0.05\n"
    "done\n"
    "echo done\n";

static void shelf_release(struct shelf *s)
{
    stock_release(&s->stock);
    err_free(s->error);
    engine_exec_free(s->exec);
    engine_free(s->engine);
    buf_release(&s->says);
}

void shelves_release(struct shelves *s)
{
    for (size_t i = 0; i < s->count; i++)
        shelf_release(&s->items[i]);
    free(s->items);
    *s = (struct shelves){ 0 };
}

/* What the script says until this is the end of it, or it ends. */
static struct err *read_until(struct shelf *s, const char *end, struct net_wait wait, struct buf *out)
{
    while (!str_ends(buf_text(out), end)) {
        char piece[READ_BYTES];
        size_t len = 0;
        bool is_stderr = false;
        TRY(engine_exec_read(s->exec, piece, sizeof piece, wait, &len, &is_stderr));
        if (len == 0)
            break;
        if (is_stderr && s->says.len + len > SAYS_BYTES)
            buf_truncate(&s->says, 0); /* its last words are what counts */
        if (!buf_append(is_stderr ? &s->says : out, piece, len))
            return err_new(RW3106_ENGINE_PROTOCOL, "node %s says too much", s->node->name);
    }
    return NULL;
}

static struct err *unanswered(const struct shelf *s, struct err *e)
{
    return err_because(RW4003_NODE_FAILED, e, "node %s does not answer", s->node->name);
}

static struct err *open_shelf(struct shelf *s, const struct engine *e, struct net_wait wait)
{
    static const char end[] = "\n.\n";
    const char *const argv[] = { "sh", "-c", script, NULL };
    struct engine_exec_spec spec = { .container = s->node->name, .argv = argv, .has_input = true };
    AUTO(buf) out = BUF_INIT(ANSWER_BYTES);
    s->says = BUF_INIT(SAYS_BYTES);
    TRY(node_stopped(s->node));
    TRY(engine_again(e, &s->engine));
    TRY(unanswered(s, engine_exec_start(s->engine, &spec, wait, &s->exec)));
    TRY(unanswered(s, read_until(s, end, wait, &out)));
    if (!str_ends(buf_text(&out), end))
        return node_failure(s->engine, s->node, "tell which images it has", buf_text(&s->says));
    return stock_parse(buf_text(&out), out.len - strlen(end) + 1, s->node->name, &s->stock);
}

struct question {
    struct shelf *shelf;
    const struct engine *engine;
    const struct stock_name *names;
    size_t count;
    struct net_wait wait;
};

/* A task. */
static struct err *ask(void *item)
{
    struct question *q = item;
    q->shelf->error = open_shelf(q->shelf, q->engine, q->wait);
    return NULL;
}

static struct err *each_shelf(struct shelves *s, struct question common, struct err *(*run)(void *item))
{
    struct question *questions = xcalloc(s->count + 1, sizeof *questions);
    for (size_t i = 0; i < s->count; i++) {
        questions[i] = common;
        questions[i].shelf = &s->items[i];
    }
    struct err *e = task_all(questions, s->count, sizeof *questions, SIDE_BY_SIDE, run);
    free(questions);
    return e ? e : cancel_check(common.wait.cancel);
}

struct err *shelves_open(struct engine *e, const struct node_list *nodes, struct net_wait wait, struct shelves *out)
{
    out->items = xcalloc(nodes->count + 1, sizeof *out->items);
    out->count = nodes->count;
    for (size_t i = 0; i < nodes->count; i++)
        out->items[i].node = &nodes->items[i];
    return each_shelf(out, (struct question){ .engine = e, .wait = wait }, ask);
}

static bool is_chosen(const struct question *q, const char *name, const char *digest)
{
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(q->names[i].name, name) == 0 && strcmp(q->names[i].digest, digest) == 0)
            return true;
    return false;
}

/* Those of the image's names that shall go, and behind the last of them what holds the content. */
static size_t add_chosen(const struct question *q, const struct stock_image *image, struct buf *lines)
{
    size_t chosen = 0;
    for (size_t i = 0; i < image->names.count; i++) {
        if (!is_chosen(q, image->names.items[i], image->digest))
            continue;
        buf_addf(lines, "%s\n", image->names.items[i]);
        chosen++;
    }
    if (chosen > 0 && chosen == image->names.count)
        buf_addf(lines, "%s\n", image->digest);
    return chosen;
}

static struct err *remove_names(const struct question *q)
{
    struct shelf *s = q->shelf;
    AUTO(buf) lines = BUF_INIT(ANSWER_BYTES);
    AUTO(buf) out = BUF_INIT(SAYS_BYTES);
    size_t count = 0;
    for (size_t i = 0; i < s->stock.count; i++)
        count += add_chosen(q, &s->stock.items[i], &lines);
    if (count == 0)
        return NULL;
    buf_adds(&lines, ".\n");
    TRY(unanswered(s, engine_exec_write(s->exec, lines.bytes, lines.len, q->wait)));
    TRY(unanswered(s, read_until(s, "done\n", q->wait, &out)));
    if (strcmp(buf_text(&out), "done\n") != 0)
        return node_failure(s->engine, s->node, "remove images", buf_text(&s->says));
    s->removed = count;
    return NULL;
}

/* A task. */
static struct err *take_away(void *item)
{
    struct question *q = item;
    if (!q->shelf->error)
        q->shelf->error = remove_names(q);
    return NULL;
}

struct err *shelves_remove(struct shelves *s, const struct stock_name *names, size_t count, struct net_wait wait)
{
    return each_shelf(s, (struct question){ .names = names, .count = count, .wait = wait }, take_away);
}

struct err *shelves_error(struct shelves *s, const char *what)
{
    struct err *chain = NULL;
    AUTO(strv) done = { 0 };
    AUTO(strv) undone = { 0 };
    for (size_t i = 0; i < s->count; i++) {
        strv_add(s->items[i].error ? &undone : &done, s->items[i].node->name);
        chain = err_join(chain, STEAL(&s->items[i].error));
    }
    if (!chain || done.count == 0)
        return chain;
    AUTO_STR names = strv_join(&done, ", ");
    AUTO_STR others = strv_join(&undone, ", ");
    return err_state(node_partial(chain, "some nodes cannot %s", what), "done on: %s; not on: %s", names, others);
}
