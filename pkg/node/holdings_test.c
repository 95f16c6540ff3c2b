#include "node/holdings.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fake/check.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static struct strv chain(const char *first, const char *second, const char *third)
{
    struct strv v = { 0 };
    strv_add(&v, first);
    strv_add(&v, second);
    strv_add(&v, third);
    return v;
}

static void test_lines_come_in_any_order(void **state)
{
    (void)state;
    AUTO(holdings) h = { 0 };
    holdings_parse("size 7 " B "\n" C " " A " Committed    \nsize 0 " A "\n" A "  Committed\nKEY PARENT KIND\n", &h);
    assert_int_equal(h.snapshots.count, 2);
    assert_int_equal(h.blob_count, 2);
    assert_int_equal(holdings_blob(&h, B)->size, 7);
    assert_int_equal(holdings_blob(&h, A)->size, 0);
    assert_null(holdings_blob(&h, C));
}

/* What is not understood is not there: it is sent. */
static void test_other_lines_are_passed_over(void **state)
{
    (void)state;
    static const char *const texts[] = { "",
                                         "\n\n",
                                         " Committed",
                                         "x Committed\nsize z\n",
                                         "size 1 " A "0\n",
                                         "Size 1 " A "\n",
                                         A " " B " Active\n",
                                         A "0  Committed\n",
                                         "size 99999999999999999999 " A "\nsize -1 " A "\nsize 1x " A "\nsize" };
    AUTO(strv) chains = chain(A, B, C);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO(holdings) h = { 0 };
        holdings_parse(texts[i], &h);
        assert_int_equal(holdings_leading(&h, &chains), 0);
        assert_null(holdings_blob(&h, A));
    }
}

static void test_layers_count_from_the_base_on(void **state)
{
    (void)state;
    AUTO(strv) chains = chain(A, B, C);
    AUTO(strv) other = chain(B, A, C);
    AUTO(strv) none = { 0 };
    AUTO(holdings) h = { 0 };
    holdings_parse(A "  Committed\n" C "  Committed\n", &h);
    assert_int_equal(holdings_leading(&h, &chains), 1); /* C without B is another image's */
    assert_int_equal(holdings_leading(&h, &other), 0);
    assert_int_equal(holdings_leading(&h, &none), 0);
    holdings_parse(B "  Committed\n", &h);
    assert_int_equal(holdings_leading(&h, &chains), 3);
}

static void test_many(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    AUTO(buf) text = BUF_INIT(SIZE_MAX);
    AUTO(holdings) h = { 0 };
    for (unsigned i = 0; i < MANY; i++)
        buf_addf(&text, "size %u sha256:%064x\n", i, MANY - i);
    holdings_parse(buf_text(&text), &h);
    assert_int_equal(h.blob_count, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        AUTO_STR digest = xasprintf("sha256:%064x", MANY - i);
        assert_int_equal(holdings_blob(&h, digest)->size, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_come_in_any_order),
        cmocka_unit_test(test_other_lines_are_passed_over),
        cmocka_unit_test(test_layers_count_from_the_base_on),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
