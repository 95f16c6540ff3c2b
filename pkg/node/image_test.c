#include "node/image.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fs.h"
#include "fake/check.h"
#include "fake/docker.h"
#include "node/session.h"
#include "node/shipment.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define DIGEST "sha256:" HEX
#define CONTENT "app:dev-0123456789ab"

static const struct node running = { .name = "a", .running = true, .state = (char[]){ "running" } };
static const struct node stopped = { .name = "b", .state = (char[]){ "exited" } };

static void test_what_a_node_reports(void **state)
{
    (void)state;
    static const char *const lines[] = { "names " DIGEST " " DIGEST "\n.\n", "names - -\n.\n",
                                         "names sha256:" OTHER " -\n.\n", "names " DIGEST "0 " DIGEST "0\n.\n", ".\n" };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        AUTO(docker) d = { 0 };
        bool has = i > 0;
        docker_created(&d);
        docker_says(&d, lines[i], NULL);
        docker_start(&d);
        struct net_wait wait = { .deadline_ms = clock_after(10000) };
        check_ok(node_has_image(d.engine, &running, CONTENT, DIGEST, wait, &has));
        assert_int_equal(has, i == 0);
    }
}

/* Names of an image whose layers are not all unpacked are no proof. */
static void test_names_without_a_snapshot(void **state)
{
    (void)state;
    static const char *const lines[] = { "sha256:" OTHER "  Committed\nnames " DIGEST " " DIGEST "\n.\n",
                                         "names " DIGEST " " DIGEST "\n.\n" };
    const struct node_image image = {
        .ref = "app:dev", .config_digest = DIGEST, .content_name = CONTENT, .chain_id = "sha256:" OTHER
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        AUTO(docker) d = { 0 };
        AUTO(session) s = { 0 };
        docker_created(&d);
        docker_says(&d, lines[i], NULL);
        docker_start(&d);
        check_ok(session_open(&s, d.engine, &running, &image, false,
                              (struct net_wait){ .deadline_ms = clock_after(10000) }));
        assert_int_equal(s.has_ref && s.has_content, i == 0);
    }
}

static void test_which_nodes_lack_it(void **state)
{
    (void)state;
    struct node items[] = { running, stopped };
    struct node_list list = { .cluster = "c", .items = items, .count = 1 };
    AUTO(docker) d = { 0 };
    AUTO(strv) lacking = { 0 };
    struct net_wait wait = { .deadline_ms = clock_after(10000) };
    docker_created(&d);
    docker_says(&d, "names - -\n.\n", NULL);
    docker_created(&d);
    docker_says(&d, "names " DIGEST " " DIGEST "\n.\n", NULL);
    docker_start(&d);
    check_ok(node_lacking_image(d.engine, &list, CONTENT, DIGEST, wait, &lacking));
    assert_int_equal(lacking.count, 1);
    assert_string_equal(lacking.items[0], "a");
    list.count = 2;
    AUTO_PTR(err) e = node_lacking_image(d.engine, &list, CONTENT, DIGEST, wait, &lacking);
    assert_int_equal(err_get_code(e), RW4002_NODE_STOPPED);
    assert_string_equal(err_get_state(e), "nothing was changed");
    assert_int_equal(lacking.count, 1);
}

/* Where nothing was noted, the image went as it is; a note that cannot be read is none. */
static void test_what_was_delivered(void **state)
{
    (void)state;
    const struct node_list nodes = { .cluster = "c" };
    const struct node_image image = { .ref = "app:dev", .config_digest = DIGEST };
    const struct shipment other = { .built = (char[]){ DIGEST },
                                    .engine_id = (char[]){ DIGEST },
                                    .sent = (char[]){ "sha256:" OTHER } };
    AUTO_STR dir = scratch_new();
    AUTO(shipment_list) list = { 0 };
    AUTO(node_delivered) d = { 0 };
    bool found = true;
    check_ok(node_delivered(&nodes, dir, &image, &found, &d));
    assert_false(found);
    shipment_list_read(dir, "c", "app:dev", &list);
    shipment_list_add(&list, &other);
    check_ok(shipment_list_write(&list));
    check_ok(node_delivered(&nodes, dir, &image, &found, &d));
    assert_true(found);
    assert_string_equal(d.config_digest, "sha256:" OTHER);
    assert_string_equal(d.content_name, "app:dev-ffffffffffff");
    check_ok(fs_replace(AT_FDCWD, list.path, "[{", 2, 0600));
    check_ok(node_delivered(&nodes, dir, &image, &found, &d));
    assert_false(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_node_reports),
        cmocka_unit_test(test_names_without_a_snapshot),
        cmocka_unit_test(test_which_nodes_lack_it),
        cmocka_unit_test(test_what_was_delivered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
