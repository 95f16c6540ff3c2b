#include "base/entropy.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "fake/check.h"

/* That a place misses one of its digits in 1000 draws has a chance of 512 * (15/16)^1000 < 10^-25. */
static void test_every_place_takes_every_digit(void **state)
{
    (void)state;
    enum { DRAWS = 1000, DIGITS = 16 };
    static const char digits[] = "0123456789abcdef";
    static bool seen[ENTROPY_HEX_ROOM - 1][DIGITS];
    for (size_t i = 0; i < DRAWS; i++) {
        char text[ENTROPY_HEX_ROOM];
        check_ok(entropy_hex(text));
        assert_int_equal(strlen(text), ENTROPY_HEX_ROOM - 1);
        assert_int_equal(strspn(text, digits), ENTROPY_HEX_ROOM - 1);
        for (size_t at = 0; text[at]; at++)
            seen[at][strchr(digits, text[at]) - digits] = true;
    }
    for (size_t at = 0; at < ENTROPY_HEX_ROOM - 1; at++)
        for (size_t digit = 0; digit < DIGITS; digit++)
            assert_true(seen[at][digit]);
}

static void test_two_differ(void **state)
{
    (void)state;
    char a[ENTROPY_HEX_ROOM], b[ENTROPY_HEX_ROOM];
    check_ok(entropy_hex(a));
    check_ok(entropy_hex(b));
    assert_string_not_equal(a, b);
}

#ifdef RWML_FAULT
static int teardown_fault(void **state)
{
    (void)state;
    fault_set(NULL);
    return 0;
}

static void test_a_kernel_that_gives_none(void **state)
{
    (void)state;
    char text[ENTROPY_HEX_ROOM] = "as it was";
    fault_set("entropy.get=error(ENOSYS)");
    check_errno(entropy_hex(text), RW9005_RESOURCES, ENOSYS);
    assert_string_equal(text, "as it was");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_place_takes_every_digit),
        cmocka_unit_test(test_two_differ),
#ifdef RWML_FAULT
        cmocka_unit_test_teardown(test_a_kernel_that_gives_none, teardown_fault),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
