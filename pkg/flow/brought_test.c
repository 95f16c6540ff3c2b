#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "flow/brought.h"

/* Digests of one digit each; the content name of web:dev and A is web:dev-aaaaaaaaaaaa. */
#define HEX16(c) c c c c c c c c c c c c c c c c
#define DIGEST(c) "sha256:" HEX16(c) HEX16(c) HEX16(c) HEX16(c)
#define TWELVE(c) c c c c c c c c c c c c
#define NAME(c) "docker.io/library/web:dev-" TWELVE(c)

struct image_row {
    size_t node; /* 0 or 1 */
    const char *digest;
    const char *names; /* blanks between them */
    int64_t arrived_ms;
    bool is_pinned;
};

struct use_row {
    const char *image;
    const char *by;
};

/* What is told of each image, in order: its name's last digit, and why it stays. */
struct judged {
    struct node nodes[2];
    struct shelf shelves[2];
    struct strv lines;
};

static void judged_release(struct judged *j)
{
    stock_release(&j->shelves[0].stock);
    stock_release(&j->shelves[1].stock);
    strv_release(&j->lines);
}

static void put(struct stock *stock, const struct image_row *row)
{
    AUTO_STR names = xstrdup(row->names);
    char *rest = NULL;
    stock->items = xrealloc(stock->items, stock->count + 1, sizeof *stock->items);
    struct stock_image *image = &stock->items[stock->count++];
    *image = (struct stock_image){
        .digest = xstrdup(row->digest), .arrived_ms = row->arrived_ms, .is_pinned = row->is_pinned, .size = 7
    };
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
        strv_add(&image->names, name);
}

static void judge(struct judged *j, const struct image_row *images, const struct use_row *uses, size_t keep)
{
    AUTO(strv) known = { 0 };
    AUTO(strv) references = { 0 };
    AUTO(brought) b = { 0 };
    AUTO(image_uses) list = { 0 };
    *j = (struct judged){ .nodes = { { .name = (char *)"n1" }, { .name = (char *)"n2" } } };
    for (size_t i = 0; i < 2; i++)
        j->shelves[i].node = &j->nodes[i];
    for (; images->digest; images++)
        put(&j->shelves[images->node].stock, images);
    list.items = xcalloc(8, sizeof *list.items);
    for (; uses && uses->image; uses++)
        list.items[list.count++] = (struct image_use){ xstrdup(uses->image), xstrdup(uses->by) };
    strv_add(&known, "web:dev");
    strv_add(&known, "api:dev");
    strv_add(&references, "web:dev");
    brought_find(&(struct shelves){ j->shelves, 2 }, &known, &references, &b);
    brought_judge(&b, &list, keep);
    for (size_t i = 0; i < b.count; i++) {
        AUTO_STR reasons = b.items[i].reasons.count ? strv_join(&b.items[i].reasons, ", ") : xstrdup("goes");
        strv_addf(&j->lines, "%s: %s", b.items[i].name + strlen(b.items[i].name) - 1, reasons);
    }
}

#define IMAGES(...) ((const struct image_row[]){ __VA_ARGS__, { 0 } })
#define USES(...) ((const struct use_row[]){ __VA_ARGS__, { 0 } })

static void assert_lines(const struct judged *j, const char *wanted)
{
    AUTO_STR got = j->lines.count ? strv_join(&j->lines, "; ") : xstrdup("");
    assert_string_equal(got, wanted);
}

static void test_brought_newest_and_current_stay(void **state)
{
    const struct image_row *images = IMAGES(
        { 0, DIGEST("a"), NAME("a"), 1, false }, { 0, DIGEST("b"), NAME("b") " docker.io/library/web:dev", 2, false },
        { 0, DIGEST("c"), NAME("c"), 3, false }, { 0, DIGEST("d"), NAME("d"), 4, false });
    (void)state;
    AUTO(judged) two;
    judge(&two, images, NULL, 2);
    assert_lines(&two, "d: one of the newest; c: one of the newest; b: web:dev now; a: goes");
    AUTO(judged) many;
    judge(&many, images, NULL, 4);
    assert_lines(&many,
                 "d: one of the newest; c: one of the newest; b: web:dev now, one of the newest; a: one of the newest");
}

static void test_brought_nodes_are_seen_together(void **state)
{
    AUTO(judged) j;
    (void)state;
    judge(&j,
          IMAGES({ 0, DIGEST("a"), NAME("a"), 1, false }, { 1, DIGEST("a"), NAME("a"), 9, false },
                 { 0, DIGEST("b"), NAME("b"), 5, false },
                 { 1, DIGEST("b"), NAME("b") " docker.io/library/web:dev", 5, false },
                 { 1, DIGEST("c"), NAME("c"), 4, false }, { 0, DIGEST("d"), NAME("d"), 3, false },
                 { 1, DIGEST("d"), NAME("d") " docker.io/library/mine:1", 3, false }),
          NULL, 1);
    assert_lines(&j, "a: one of the newest; b: web:dev now; c: goes; d: also called docker.io/library/mine:1");
}

static void test_brought_what_is_used_stays(void **state)
{
    static const struct {
        const char *image;
        bool is_used;
    } rows[] = {
        { "web:dev-" TWELVE("a"), true },
        { NAME("a"), true },
        { "library/web:dev-" TWELVE("a"), true },
        { NAME("a") "@" DIGEST("f"), true },
        { DIGEST("a"), true },
        { HEX16("a") HEX16("a") HEX16("a") HEX16("a"), true },
        { "docker.io/library/other@" DIGEST("a"), true },
        { "web:dev-" TWELVE("b"), false },
        { "web:dev", false },
        { "ghcr.io/web:dev-" TWELVE("a"), false },
        { "", false },
        { "No Name", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(judged) j;
        judge(&j, IMAGES({ 0, DIGEST("a"), NAME("a"), 1, false }, { 0, DIGEST("c"), NAME("c"), 2, false }),
              USES({ rows[i].image, "Pod s/p" }, { rows[i].image, "Pod s/p" }), 1);
        assert_lines(&j,
                     rows[i].is_used ? "c: one of the newest; a: used by Pod s/p" : "c: one of the newest; a: goes");
    }
}

static void test_brought_only_what_digits_prove(void **state)
{
    AUTO(judged) j;
    (void)state;
    judge(&j,
          IMAGES({ 0, DIGEST("a"), NAME("b"), 1, false }, { 0, DIGEST("c"), "docker.io/library/web:old", 2, false },
                 { 0, DIGEST("d"), "docker.io/library/web:dev", 3, false },
                 { 0, DIGEST("e"), "docker.io/library/web:test-" TWELVE("e"), 4, false },
                 { 0, DIGEST("f"), "ghcr.io/library/web:dev-" TWELVE("f"), 5, false }, { 0, DIGEST("0"), "", 6, false },
                 { 0, "no digest", NAME("1"), 6, false },
                 { 0, DIGEST("2"), "docker.io/library/web:dev-22222222222", 7, false },
                 { 0, DIGEST("3"), "docker.io/library/api:dev-" TWELVE("3"), 8, false }),
          NULL, 1);
    assert_lines(&j, "");
}

static void test_brought_other_names_keep_it(void **state)
{
    AUTO(judged) j;
    (void)state;
    judge(&j,
          IMAGES({ 0, DIGEST("a"), NAME("a") " docker.io/library/mine:1", 1, false },
                 { 0, DIGEST("b"), NAME("b") " docker.io/library/web@" DIGEST("b"), 2, false },
                 { 0, DIGEST("c"), NAME("c") " docker.io/library/api:dev-" TWELVE("c"), 3, false },
                 { 0, DIGEST("d"), NAME("d") " docker.io/library/api:dev", 4, false },
                 { 0, DIGEST("e"), NAME("e"), 5, true }, { 0, DIGEST("f"), NAME("f"), 6, false }),
          NULL, 1);
    assert_lines(&j, "f: one of the newest; e: pinned; d: goes; c: goes; b: also called docker.io/library/web@" DIGEST(
                         "b") "; a: also called docker.io/library/mine:1");
}

static void test_brought_without_a_time_stays(void **state)
{
    AUTO(judged) j;
    (void)state;
    judge(&j,
          IMAGES({ 0, DIGEST("a"), NAME("a"), 0, false }, { 0, DIGEST("b"), NAME("b"), 2, false },
                 { 0, DIGEST("c"), NAME("c"), 1, false }),
          NULL, 1);
    assert_lines(&j, "b: one of the newest; c: goes; a: no node tells when it came");
}

static void test_uses_of_every_place(void **state)
{
    static const char text[] =
        "{\"kind\":\"CronJob\",\"metadata\":{\"name\":\"n\",\"namespace\":\"s\",\"annotations\":{\"image\":\"i0\"}},"
        "\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"image\":\"i1\",\"name\":\"x\"}"
        "],"
        "\"initContainers\":[{\"image\":\"i2\"}],\"ephemeralContainers\":[{\"image\":\"i3\"}],"
        "\"volumes\":[{\"image\":{\"reference\":\"i4\"}}]}}}}},"
        "\"status\":{\"containerStatuses\":[{\"image\":\"i5\",\"imageID\":\"i6\",\"name\":\"y\"}]}}";
    AUTO(image_uses) uses = { 0 };
    DOC_AUTO tree = NULL;
    (void)state;
    assert_null(doc_parse_json(text, strlen(text), "test", &tree));
    uses_add(&uses, tree);
    assert_int_equal(uses.count, 7);
    for (size_t i = 0; i < uses.count; i++) {
        AUTO_STR wanted = xasprintf("i%zu", i);
        assert_string_equal(uses.items[i].image, wanted);
        assert_string_equal(uses.items[i].by, "CronJob s/n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brought_newest_and_current_stay),
        cmocka_unit_test(test_brought_nodes_are_seen_together),
        cmocka_unit_test(test_brought_what_is_used_stays),
        cmocka_unit_test(test_brought_only_what_digits_prove),
        cmocka_unit_test(test_brought_other_names_keep_it),
        cmocka_unit_test(test_brought_without_a_time_stays),
        cmocka_unit_test(test_uses_of_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
