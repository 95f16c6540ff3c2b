#include "fake/pushed.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "tar/tar.h"

enum { ARCHIVE_BYTES = 16 * 1024 };

const struct node_image pushed_image = { .ref = "app:dev", .config_digest = DIGEST, .content_name = CONTENT };
const struct node pushed_running = { .name = "a", .running = true, .state = (char[]){ "running" } };
const struct node pushed_stopped = { .name = "b", .state = (char[]){ "exited" } };

char *pushed_asked(bool has_ref, bool has_content)
{
    return xasprintf("names %s %s\n.\n", has_ref ? DIGEST : "-", has_content ? DIGEST : "sha256:" OTHER);
}

void pushed_add_asked(struct docker *d, bool has_ref, bool has_content)
{
    AUTO_STR lines = pushed_asked(has_ref, has_content);
    docker_created(d);
    docker_says(d, lines, NULL);
}

void pushed_add_lacking(struct docker *d, const char *out, const char *err)
{
    AUTO_STR lines = pushed_asked(false, false);
    docker_created(d);
    docker_reads(d, lines, out, err);
}

static void add_file(struct tar_writer *w, const char *name, const char *text)
{
    const struct tar_entry entry = { .name = name, .kind = TAR_FILE, .mode = 0644, .size = strlen(text) };
    check_ok(tar_add_entry(w, &entry));
    check_ok(tar_add_data(w, text, strlen(text)));
}

void pushed_add_export(struct docker *d, const char *config_hex, const char *behind)
{
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES + TAR_HEAD_ROOM);
    AUTO_PTR(tar_writer) w = NULL;
    AUTO_STR manifest = xasprintf("[{\"Config\":\"%s.json\"}]", config_hex);
    check_ok(tar_writer_new(&tar, &w));
    add_file(w, "1/layer.tar", LAYER);
    add_file(w, HEX ".json", CONFIG);
    add_file(w, "manifest.json", manifest);
    check_ok(tar_finish(w));
    buf_adds(&tar, behind);
    docker_bytes(d, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", tar.bytes, tar.len);
}

void pushed_add_looked_at(struct docker *d)
{
    docker_json(d, 200, "{\"Id\":\"" DIGEST "\",\"Size\":6,\"RootFS\":{\"Layers\":[\"sha256:" LAYER_HEX "\"]}}");
    docker_json(d, 200, "[{\"Size\":0},{\"Size\":6}]");
}

void pushed_release(struct pushed *p)
{
    node_push_results_release(&p->results);
    docker_release(&p->d);
    free(p->heard);
}

struct err *pushed_to(struct pushed *p, const struct node *nodes, size_t count)
{
    struct node items[2] = { 0 };
    size_t heard = 0;
    memcpy(items, nodes, count * sizeof *items);
    AUTO_STR dir = scratch_new();
    struct node_list list = { .cluster = "c", .items = items, .count = count };
    p->push.image = p->push.image ? p->push.image : &pushed_image;
    p->push.state_dir = p->push.state_dir ? p->push.state_dir : dir;
    if (!p->push.wait.deadline_ms)
        p->push.wait.deadline_ms = clock_after(10000);
    docker_start(&p->d);
    struct err *e = node_push_image(p->d.engine, &list, &p->push, &p->results);
    assert_int_equal(p->results.count, count);
    p->heard = docker_stop_bytes(&p->d, &heard);
    for (size_t i = 0; i < heard; i++) /* tars have NULs */
        p->heard[i] = p->heard[i] ? p->heard[i] : '.';
    return e;
}

void pushed_fails(struct pushed *p, enum err_code code, const char *says, const char *other)
{
    AUTO_PTR(err) e = pushed_to(p, &pushed_running, 1);
    assert_non_null(e);
    AUTO_STR all = xasprintf("%s|%s|%s|%s", err_get_message(e), err_get_cause(e), err_get_state(e), err_get_next(e, 0));
    if (err_get_code(e) != code || !strstr(all, says) || !strstr(all, other))
        fail_msg("RW%d %s: lacks \"%s\" or \"%s\"", (int)err_get_code(e), all, says, other);
    assert_int_equal(p->results.items[0].outcome, NODE_LACKS_IT);
}

void pushed_add_whole(struct docker *d, const char *out, const char *err)
{
    pushed_add_lacking(d, out, err);
    pushed_add_looked_at(d);
    pushed_add_export(d, HEX, "");
}
