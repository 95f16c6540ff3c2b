/* A watch that is cut behind each of its bytes, all cuts at once: each on a server and a thread of its own. */
#include "fake/apiserver.h"
#include "fake/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kube/mirror.h"

#define LIST "GET /api/v1/namespaces/shop/pods "
#define WATCH "GET /api/v1/namespaces/shop/pods?watch=1&"
#define EVENT(type, name, version)                                                                                     \
    "{\"type\":\"" type "\",\"object\":{\"metadata\":{\"uid\":\"" name "\",\"resourceVersion\":\"" version "\"}}}\n"

static const char EVENTS[] = EVENT("ADDED", "a", "6") EVENT("ADDED", "b", "7");

enum { CUTS = sizeof EVENTS, ANSWERS = 4 };

struct cut {
    struct apiserver server;
    struct apiserver_answer script[ANSWERS];
    char *part;
    pthread_t thread;
    char *wrong; /* owned; NULL: all as it should be */
};

static char *look(struct kube_client *c)
{
    AUTO_PTR(kube_mirror) m = NULL;
    size_t entry;
    int64_t deadline_ms = clock_after(20000);
    struct err *e = kube_mirror_new(c, &m);
    e = e ? e : kube_mirror_add(m, "v1", "Pod", "shop", &entry);
    const char *wanted = NULL;
    while (!e && !str_eq(wanted, "8") && clock_ms() < deadline_ms) {
        e = kube_mirror_wait(m, deadline_ms, NULL);
        wanted = e ? NULL
                   : doc_text(doc_find(kube_mirror_items(m, entry), "/metadata/uid", "b"), "/metadata/resourceVersion");
    }
    char *wrong = e ? err_words(e) : NULL;
    if (!e && (!wanted || doc_count(kube_mirror_items(m, entry)) != 1))
        wrong = xasprintf("%zu objects", doc_count(kube_mirror_items(m, entry)));
    err_free(e);
    return wrong;
}

static void *run(void *ctx)
{
    struct cut *cut = ctx;
    AUTO_STR address = xasprintf("http://127.0.0.1:%d", cut->server.port);
    char source[] = "test";
    const struct kube_config config = { .source = source, .server = address };
    AUTO_PTR(kube_client) c = NULL;
    struct err *e = kube_open(&config, NULL, &c);
    cut->wrong = e ? err_words(e) : look(c);
    err_free(e);
    return NULL;
}

static void begin(struct cut *cut, size_t bytes)
{
    static const struct apiserver_answer script[ANSWERS] = {
        APISERVER_VERSION,
        { LIST, 200, "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}", NULL, false },
        { WATCH, 200, NULL, NULL, true },
        /* what was told before may be told again */
        { WATCH, 200, EVENT("ADDED", "a", "6") EVENT("DELETED", "a", "7") EVENT("MODIFIED", "b", "8"), NULL, false },
    };
    *cut = (struct cut){ .part = xstrndup(EVENTS, bytes) };
    memcpy(cut->script, script, sizeof script);
    cut->script[2].body = cut->part;
    apiserver_start(&cut->server, cut->script, ANSWERS);
    assert_int_equal(pthread_create(&cut->thread, NULL, run, cut), 0);
}

static void test_mirror_of_a_watch_cut_at_every_byte(void **state)
{
    (void)state;
    struct cut *cuts = xcalloc(CUTS, sizeof *cuts);
    for (size_t i = 0; i < CUTS; i++)
        begin(&cuts[i], i);
    for (size_t i = 0; i < CUTS; i++)
        pthread_join(cuts[i].thread, NULL);
    for (size_t i = 0; i < CUTS; i++) {
        if (cuts[i].wrong)
            fail_msg("cut behind byte %zu: %s", i, cuts[i].wrong);
        apiserver_stop(&cuts[i].server);
        free(cuts[i].part);
    }
    free(cuts);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_mirror_of_a_watch_cut_at_every_byte) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
