#include "node/shipment.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "fake/check.h"

static char *digest(int number)
{
    return xasprintf("sha256:%064x", number);
}

static void add(struct shipment_list *l, int built, int sent)
{
    AUTO(shipment) s = { .built = digest(built), .engine_id = digest(built), .sent = digest(sent), .is_base = true };
    s.bytes = (uint64_t)sent;
    s.file_layers = built == sent ? 0 : 2;
    strv_add_take(&s.diff_ids, digest(7));
    strv_add_take(&s.diff_ids, digest(sent));
    shipment_list_add(l, &s);
}

static void assert_sent(const struct shipment_list *l, int built, int sent)
{
    AUTO_STR key = digest(built);
    AUTO_STR want = digest(sent);
    const struct shipment *s = shipment_other(l, key);
    if (!sent)
        assert_null(s);
    else
        assert_string_equal(s->sent, want);
}

static void test_what_is_written_is_read(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO(shipment_list) first = { 0 };
    AUTO(shipment_list) again = { 0 };
    AUTO(shipment_list) elsewhere = { 0 };
    shipment_list_read(dir, "c", "app:dev", &first);
    add(&first, 1, 1);
    add(&first, 2, 3);
    check_ok(shipment_list_write(&first));
    shipment_list_read(dir, "c", "app:dev", &again);
    assert_int_equal(again.count, 2);
    assert_sent(&again, 1, 0); /* it was itself */
    assert_sent(&again, 2, 3);
    assert_int_equal(again.items[0].bytes, 3);
    assert_int_equal(again.items[0].file_layers, 2);
    assert_true(again.items[0].is_base);
    assert_true(strv_equal(&again.items[0].diff_ids, &first.items[0].diff_ids));
    shipment_list_read(dir, "other", "app:dev", &elsewhere);
    assert_int_equal(elsewhere.count, 0);
}

static void test_the_newest_are_kept_once_each(void **state)
{
    (void)state;
    AUTO(shipment_list) l = { 0 };
    for (int i = 1; i <= SHIPMENTS_KEPT + 3; i++)
        add(&l, i, i + 100);
    add(&l, 10, 999);
    assert_int_equal(l.count, SHIPMENTS_KEPT);
    assert_sent(&l, 10, 999);
    assert_sent(&l, 1, 0);
    assert_sent(&l, SHIPMENTS_KEPT + 3, SHIPMENTS_KEPT + 103);
    shipment_list_drop_bases(&l);
    assert_false(l.items[3].is_base);
}

static void test_what_cannot_be_used_is_left_out(void **state)
{
    (void)state;
    static const char *const rows[] = { "", "nonsense", "{}", "[1,{}]",
                                        "[{\"built\":\"x\",\"sent\":\"y\",\"engine\":\"z\"}]" };
    AUTO_STR dir = scratch_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(shipment_list) l = { 0 };
        AUTO(shipment_list) again = { 0 };
        shipment_list_read(dir, "c", "app:dev", &l);
        check_ok(fs_replace(AT_FDCWD, l.path, rows[i], strlen(rows[i]), 0600));
        shipment_list_read(dir, "c", "app:dev", &again);
        assert_int_equal(again.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_the_newest_are_kept_once_each),
        cmocka_unit_test(test_what_cannot_be_used_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
