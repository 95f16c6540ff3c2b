#include "node/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "node/failure.h"
#include "oci/reference.h"

enum { SAYS_BYTES = 64 * 1024, ANSWER_BYTES = 16 * 1024 * 1024, READ_BYTES = 16 * 1024, BY_ITSELF_MS = 3000 };

/* Arguments: the config digest, the two full names, "ask" or "". What is imported then may be another image,
 * whose digest and content name come with the order. The first line of output is what
 * CRI has under the names, "-" for nothing. Then what a push has to know, see holdings.h, and a dot.
 *
 * containerd's own words for its configuration cost 60 ms, so the file that kind writes is read
 * where it stands alone. The snapshotter's key stands at different places in versions 2 and 3, but
 * is the first of its kind that has a value in both. ctr tells sizes for people only, so they come
 * from the files. sed -u writes whole lines, so that the lists can be made side by side.
 *
 * ctr names an image when its blobs are there and unpacks it then, so the first name proves nothing:
 * the second is set behind it, and the first taken away again where the image cannot be unpacked. CRI
 * learns of names by events of containerd, some milliseconds after ctr has returned. */
static const char script[] =
    "want=$1 ref=$2 content=$3 mode=$4\n"
    "look() {\n"
    "  all=$(crictl images --no-trunc 2>&1) || { printf '%s\\n' \"$all\" >&2; exit 1; }\n"
    "  a=- b=-\n"
    "  while read -r repo tag id rest; do\n"
    "    [ \"$repo:$tag\" != \"$ref\" ] || a=$id\n"
    "    [ \"$repo:$tag\" != \"$content\" ] || b=$id\n"
    "  done <<END\n"
    "$all\n"
    "END\n"
    "}\n"
    "configuration() {\n"
    "  file=/etc/containerd/config.toml\n"
    "  if [ -r $file ] && ! grep -q '^ *imports' $file && grep -q '^ *snapshotter *=' $file; then cat $file\n"
    "  else containerd config dump; fi\n"
    "}\n"
    "value() {\n"
    "  printf '%s\\n' \"$config\" | sed -n \"s/^ *$1 *= *[\\\"']\\([^\\\"']*\\)[\\\"'].*/\\1/p\" | sed -n '/./{p;q;}'\n"
    "}\n"
    "name() {\n"
    "  ctr -n k8s.io images tag --force \"$ref\" \"$content\" >/dev/null || exit 1\n"
    "  tries=0\n"
    "  while look; [ \"$a $b\" != \"$want $want\" ]; do\n"
    "    [ $tries -lt 100 ] || { echo \"other $ref is $a, $content is $b\"; exit 1; }\n"
    "    tries=$((tries + 1)); sleep 0.05\n"
    "  done\n"
    "  echo done; exit 0\n"
    "}\n"
    "unname() { sleep 0.2; look; [ \"$a\" != \"$want\" ] || ctr -n k8s.io images rm \"$ref\" >/dev/null 2>&1; }\n"
    "look; echo \"$a $b\"\n"
    "[ \"$a $b\" != \"$want $want\" ] && [ \"$mode\" != ask ] || exit 0\n"
    "config=$(configuration)\n"
    "snapshotter=$(value snapshotter); root=$(value root)\n"
    "{\n"
    "  ctr -n k8s.io snapshots --snapshotter \"${snapshotter:=overlayfs}\" ls |\n"
    "    sed -un 's/^\\(sha256:[0-9a-f]*\\) .* Committed *$/snapshot \\1/p' &\n"
    "  ctr -n k8s.io content ls -q | sed -u 's/^/blob /' &\n"
    "  (cd \"${root:-/var/lib/containerd}/io.containerd.content.v1.content/blobs/sha256\" &&\n"
    "    stat -c 'size %s sha256:%n' -- * | sed -u '') &\n"
    "  wait\n"
    "} 2>/dev/null\n"
    "echo .\n"
    "read -r verb want content || exit 0\n"
    "[ \"$verb\" = import ] || exit 1\n"
    "ctr -n k8s.io images import --snapshotter \"$snapshotter\" - >&2 && name\n"
    "unname\n"
    "exit 1\n";

static struct err *unanswered(const struct session *s, struct err *e)
{
    return err_because(RW4003_NODE_FAILED, e, "node %s does not answer", s->node->name);
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
        TRY(session_read(s, wait, &end));
    }
}

static struct err *read_names(struct session *s, struct net_wait wait)
{
    AUTO_STR line = NULL;
    TRY(unanswered(s, next_line(s, wait, &line)));
    if (!line)
        return node_failure(s->engine, s->node, "tell which images it has", buf_text(&s->says));
    const char *blank = strchr(line, ' ');
    size_t len = strlen(s->image->config_digest);
    s->has_ref = strncmp(line, s->image->config_digest, len) == 0 && line[len] == ' ';
    s->has_content = blank && strcmp(blank + 1, s->image->config_digest) == 0;
    return NULL;
}

/* What comes until the dot; where the script ends before it, nothing is known to be there. */
static struct err *read_holdings(struct session *s, struct net_wait wait)
{
    AUTO(buf) text = BUF_INIT(ANSWER_BYTES);
    for (;;) {
        AUTO_STR line = NULL;
        TRY(unanswered(s, next_line(s, wait, &line)));
        if (!line)
            return node_failure(s->engine, s->node, "tell what it has", buf_text(&s->says));
        if (strcmp(line, ".") == 0)
            break;
        if (!buf_append(&text, line, strlen(line)) || !buf_append(&text, "\n", 1))
            return err_new(RW4003_NODE_FAILED, "node %s has too many layers to tell", s->node->name);
    }
    holdings_parse(buf_text(&text), &s->holdings);
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
    const char *const argv[] = { "sh", "-c", script, "sh", image->config_digest, ref, content, only_ask ? "ask" : "",
                                 NULL };
    struct engine_exec_spec spec = {
        .container = node->name, .argv = argv, .has_input = true, .privileged = true, .killable = true
    };
    TRY(unanswered(s, engine_exec_start(s->engine, &spec, wait, &s->exec)));
    TRY(read_names(s, wait));
    return only_ask || (s->has_ref && s->has_content) ? NULL : read_holdings(s, wait);
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

struct err *session_import(struct session *s, const struct node_image *image, struct net_wait wait)
{
    AUTO_STR content = NULL;
    TRY(oci_full_name(image->content_name, &content));
    AUTO_STR line = xasprintf("import %s %s\n", image->config_digest, content);
    s->image = image;
    return engine_exec_write(s->exec, line, strlen(line), wait);
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
        return node_failure(s->engine, s->node, "import the image", buf_text(&s->says));
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
    struct net_wait by_itself = { clock_earlier(wait.deadline_ms, clock_after(BY_ITSELF_MS)), wait.cancel };
    struct err *e = engine_exec_end_input(s->exec);
    if (!e)
        e = wait_for_end(s, by_itself);
    if (!e)
        return NULL;
    err_ignore(e, "whatever keeps it, it is killed");
    return engine_exec_kill(s->exec, wait);
}
