#include "node/cri.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/exec.h"
#include "oci/reference.h"

enum { SHOWN_BYTES = 400, FREE_SPACE_MS = 5000 };

/* One line for each name: the image id that CRI has under it, or "-". crictl tells an absent image
 * by exit code 1 and this text; anything else on stderr is CRI not answering. The snapshotter's key
 * stands at different places in containerd's configuration of version 2 and 3, but is the first of
 * its kind that has a value in both. */
static const char ask_script[] =
    "want=$1; shift; lacks=\n"
    "for name; do\n"
    "  if said=$(crictl inspecti -q -o go-template --template '{{.status.id}}' \"$name\" 2>&1); then\n"
    "    id=$(printf '%s\\n' \"$said\" | tail -n 1)\n"
    "  else\n"
    "    case $said in *'no such image'*|*'not found'*) id=- ;; *) printf '%s\\n' \"$said\" >&2; exit 1 ;; esac\n"
    "  fi\n"
    "  echo \"$id\"; [ \"$id\" = \"$want\" ] || lacks=1\n"
    "done\n"
    "[ -z \"$lacks\" ] || containerd config dump | sed -n 's/^ *snapshotter *= "
    "*[\"'\\'']\\([^\"'\\'']*\\)[\"'\\''].*/\\1/p'"
    " | sed -n '/./{p;q;}'\n";

/* CRI learns of a new name by an event of containerd, some milliseconds after ctr has returned. */
static const char name_script[] =
    "ctr -n k8s.io images tag --force \"$2\" \"$3\" >/dev/null || exit 1\n"
    "tries=0\n"
    "while [ $tries -lt 100 ]; do\n"
    "  a=$(crictl inspecti -q -o go-template --template '{{.status.id}}' \"$2\" 2>/dev/null | tail -n 1)\n"
    "  b=$(crictl inspecti -q -o go-template --template '{{.status.id}}' \"$3\" 2>/dev/null | tail -n 1)\n"
    "  [ \"$a\" = \"$1\" ] && [ \"$b\" = \"$1\" ] && exit 0\n"
    "  tries=$((tries + 1)); sleep 0.1\n"
    "done\n"
    "echo \"$2 is ${a:-absent}, $3 is ${b:-absent}\"; exit 3\n";

void cri_answer_release(struct cri_answer *a)
{
    str_freep(&a->snapshotter);
}

/* "11G of 40G", by df; for people. */
static char *free_space(struct engine *e, const struct node *node)
{
    static const char *const argv[] = { "sh", "-c",
                                        "df -Ph /var/lib/containerd | tail -n 1 | { read a b c d e; echo $d of $b; }",
                                        NULL };
    AUTO(engine_exec_result) result = { 0 };
    struct net_wait wait = { .deadline_ms = clock_after(FREE_SPACE_MS) };
    struct err *failed = engine_exec_run(e, node->id, argv, NULL, 0, wait, &result);
    if (failed) {
        err_ignore(failed, "that the node is full is known already");
        return xstrdup("nobody knows how many bytes");
    }
    return xstrndup(buf_text(&result.out), strcspn(buf_text(&result.out), "\n"));
}

/* The last SHOWN_BYTES of a program's words, without the newline at their end. */
static char *shown(const char *says)
{
    size_t len = strlen(says);
    while (len > 0 && says[len - 1] == '\n')
        len--;
    size_t from = len > SHOWN_BYTES ? len - SHOWN_BYTES : 0;
    char *text = xstrndup(says + from, len - from);
    for (char *at = text; (at = strchr(at, '\n')) != NULL;)
        *at = ' ';
    return text;
}

struct err *cri_failed(struct engine *e, const struct node *node, const char *what, const char *says)
{
    AUTO_STR words = shown(says);
    if (strstr(says, "no space left on device")) {
        AUTO_STR left = free_space(e, node);
        struct err *full = err_new(RW4004_NODE_FULL, "node %s has no space for the image", node->name);
        full = err_cause(full, "without this image %s are free in /var/lib/containerd: %s", left, words);
        return err_next(full, "docker exec %s crictl rmi --prune", node->name);
    }
    struct err *failed = err_new(RW4003_NODE_FAILED, "node %s cannot %s", node->name, what);
    return err_cause(failed, "%s", *words ? words : "it said nothing about why");
}

static struct err *run(struct engine *e, const struct node *node, const char *script, const char *const *names,
                       struct net_wait wait, struct engine_exec_result *out)
{
    const char *const argv[] = { "sh", "-c", script, "sh", names[0], names[1], names[2], NULL };
    TRY(node_stopped(node));
    struct err *failed = engine_exec_run(e, node->id, argv, NULL, 0, wait, out);
    return err_because(RW4003_NODE_FAILED, failed, "node %s does not answer", node->name);
}

static char *next_line(const char **at)
{
    size_t len = strcspn(*at, "\n");
    char *line = xstrndup(*at, len);
    *at += (*at)[len] ? len + 1 : len;
    return line;
}

struct err *cri_ask(struct engine *e, const struct node *node, const struct node_image *image, struct net_wait wait,
                    struct cri_answer *out)
{
    AUTO_STR ref = NULL;
    AUTO_STR content = NULL;
    AUTO(engine_exec_result) result = { 0 };
    TRY(oci_full_name(image->ref, &ref));
    TRY(oci_full_name(image->content_name, &content));
    const char *const names[] = { image->config_digest, ref, content };
    TRY(run(e, node, ask_script, names, wait, &result));
    if (result.exit_code != 0)
        return cri_failed(e, node, "tell which images it has", buf_text(&result.err));
    const char *at = buf_text(&result.out);
    AUTO_STR of_ref = next_line(&at);
    AUTO_STR of_content = next_line(&at);
    AUTO_STR snapshotter = next_line(&at);
    out->has_ref = strcmp(of_ref, image->config_digest) == 0;
    out->has_content = strcmp(of_content, image->config_digest) == 0;
    out->snapshotter = *snapshotter ? STEAL(&snapshotter) : NULL;
    return NULL;
}

struct err *cri_name(struct engine *e, const struct node *node, const char *from, const char *to,
                     const char *config_digest, struct net_wait wait)
{
    enum { OTHER_CONTENT = 3 };
    AUTO_STR full_from = NULL;
    AUTO_STR full_to = NULL;
    AUTO(engine_exec_result) result = { 0 };
    TRY(oci_full_name(from, &full_from));
    TRY(oci_full_name(to, &full_to));
    const char *const names[] = { config_digest, full_from, full_to };
    TRY(run(e, node, name_script, names, wait, &result));
    if (result.exit_code == 0)
        return NULL;
    if (result.exit_code != OTHER_CONTENT)
        return cri_failed(e, node, "name the image", buf_text(&result.err));
    struct err *other = err_new(RW4202_IMAGE_MISMATCH, "node %s reports another image than it was given", node->name);
    return err_cause(other, "expected %s; %.*s", config_digest, (int)strcspn(buf_text(&result.out), "\n"),
                     buf_text(&result.out));
}
