/* A push of which the registry has the image: nodes pull, and one that cannot is sent it. */
#include "node/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/docker.h"
#include "node/shipment.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX
#define OTHER "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define REF "localhost:5001/app:dev"
#define CONTENT "localhost:5001/app:dev-0123456789ab"
#define LACKS "names - -\n.\n"

static const struct node running = { .name = "a", .running = true, .state = (char[]){ "running" } };
static const struct node stopped = { .name = "b", .state = (char[]){ "exited" } };

struct pulled {
    struct docker d;
    struct node_push_results results;
    struct buf told;
    char *dir;
    char *heard;
    int turns;
};

static void pulled_release(struct pulled *p)
{
    node_push_results_release(&p->results);
    docker_release(&p->d);
    buf_release(&p->told);
    free(p->dir);
    free(p->heard);
}

static void on_no_pull(void *ctx, const struct node *node, const char *why)
{
    struct pulled *p = ctx;
    buf_addf(&p->told, "%s: %s\n", node->name, why);
}

static struct err *take_turn(void *ctx, int *turn, bool *waited)
{
    struct pulled *p = ctx;
    (void)turn;
    (void)waited;
    p->turns++;
    return NULL;
}

static struct err *push_to(struct pulled *p, const struct node *nodes, size_t count)
{
    static const struct node_image image = { .ref = REF, .config_digest = DIGEST, .content_name = CONTENT };
    struct node items[2] = { 0 };
    size_t heard = 0;
    memcpy(items, nodes, count * sizeof *items);
    struct node_list list = { .cluster = "c", .items = items, .count = count };
    if (!p->dir)
        p->dir = scratch_new();
    p->told = BUF_INIT(SIZE_MAX);
    const struct node_push push = { .image = &image,
                                    .is_in_registry = true,
                                    .on_no_pull = on_no_pull,
                                    .wait = { .deadline_ms = clock_after(10000) },
                                    .take_turn = take_turn,
                                    .ctx = p,
                                    .state_dir = p->dir };
    docker_start(&p->d);
    struct err *e = node_push_image(p->d.engine, &list, &push, &p->results);
    p->heard = docker_stop_bytes(&p->d, &heard);
    for (size_t i = 0; i < heard; i++)
        p->heard[i] = p->heard[i] ? p->heard[i] : '.';
    return e;
}

static void add_puller(struct docker *d, const char *out, const char *err)
{
    docker_created(d);
    docker_reads(d, LACKS, out, err);
}

/* It gets as far as to be told that it gets the image by other ways, which then fail. */
static void add_given_up(struct docker *d)
{
    docker_created(d);
    docker_reads(d, LACKS, NULL, NULL);
    docker_json(d, 404, "{\"message\":\"No such image\"}");
}

static void test_a_node_pulls(void **state)
{
    (void)state;
    AUTO(pulled) p = { 0 };
    add_puller(&p.d, "done\n", NULL);
    check_ok(push_to(&p, &running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    assert_true(p.results.items[0].pulled);
    assert_int_equal(p.results.items[0].bytes_sent, 0);
    assert_int_equal(p.turns, 1);
    assert_non_null(strstr(p.heard, "pull " DIGEST " " CONTENT "\n"));
    assert_null(strstr(p.heard, "import " DIGEST));
    assert_string_equal(p.results.content_name, CONTENT);
}

static void test_a_node_that_has_it_pulls_nothing(void **state)
{
    (void)state;
    AUTO(pulled) p = { 0 };
    docker_created(&p.d);
    docker_says(&p.d, "names " DIGEST " " DIGEST "\n.\n", NULL);
    check_ok(push_to(&p, &running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_HAD_IT);
    assert_false(p.results.items[0].pulled);
    assert_int_equal(p.turns, 0);
}

/* Each is told, and the image is looked for in the engine, to be sent. */
static void test_a_node_that_cannot_pull(void **state)
{
    (void)state;
    static const struct {
        const char *out, *err, *says;
    } cases[] = {
        { NULL, "dial tcp [::1]:5001: connect: connection refused\n",
          "a: dial tcp [::1]:5001: connect: connection refused" },
        { "other " CONTENT " is " OTHER "\n", NULL, "a: expected " DIGEST "; " CONTENT " is " OTHER },
        { NULL, NULL, "a: it said nothing about why" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(pulled) p = { 0 };
        add_puller(&p.d, cases[i].out, cases[i].err);
        if (!cases[i].out && !cases[i].err)
            docker_json(&p.d, 200, "{\"State\":{\"Status\":\"running\"}}");
        add_given_up(&p.d);
        AUTO_PTR(err) e = push_to(&p, &running, 1);
        assert_int_equal(err_get_code(e), RW4101_IMAGE_NOT_BUILT);
        assert_non_null(strstr(buf_text(&p.told), cases[i].says));
        assert_false(p.results.items[0].pulled);
        assert_int_equal(p.results.items[0].outcome, NODE_LACKS_IT);
    }
}

/* The other's outcome is its own, and a stopped node is not told to be unable. */
static void test_one_of_two_nodes_is_stopped(void **state)
{
    (void)state;
    const struct node nodes[] = { running, stopped };
    AUTO(pulled) p = { 0 };
    add_puller(&p.d, "done\n", NULL);
    AUTO_PTR(err) e = push_to(&p, nodes, 2);
    assert_int_equal(err_get_code(e), RW4005_NODES_PARTIAL);
    assert_non_null(strstr(err_get_state(e), "is on: a; not on: b; no import is left running"));
    assert_true(p.results.items[0].pulled);
    assert_false(p.results.items[1].pulled);
    assert_string_equal(buf_text(&p.told), "");
}

/* What came as changed files before is noted no more: it is the image itself that runs from now on. */
static void test_changed_files_of_before_are_forgotten(void **state)
{
    (void)state;
    AUTO(pulled) p = { .dir = scratch_new() };
    AUTO(shipment_list) list = { 0 };
    const struct shipment files = { .built = (char[]){ DIGEST },
                                    .engine_id = (char[]){ DIGEST },
                                    .sent = (char[]){ OTHER } };
    shipment_list_read(p.dir, "c", REF, &list);
    shipment_list_add(&list, &files);
    check_ok(shipment_list_write(&list));
    add_puller(&p.d, "done\n", NULL);
    check_ok(push_to(&p, &running, 1));
    AUTO(shipment_list) after = { 0 };
    shipment_list_read(p.dir, "c", REF, &after);
    assert_int_equal(after.count, 1);
    assert_null(shipment_other(&after, DIGEST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_node_pulls),
        cmocka_unit_test(test_a_node_that_has_it_pulls_nothing),
        cmocka_unit_test(test_a_node_that_cannot_pull),
        cmocka_unit_test(test_one_of_two_nodes_is_stopped),
        cmocka_unit_test(test_changed_files_of_before_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
