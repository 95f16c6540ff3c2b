#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "digest/digest.h"

static const char of_nothing[] = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/* FIPS 180-2, appendices B.1 and B.3. */
static const char of_abc[] = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char of_million_a[] = "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void test_digest_of(void **state)
{
    (void)state;
    char text[DIGEST_ROOM];
    assert_null(digest_of("", 0, text));
    assert_string_equal(text, of_nothing);
    assert_null(digest_of("abc", 3, text));
    assert_string_equal(text, of_abc);
}

static void test_digest_in_pieces(void **state)
{
    (void)state;
    AUTO(digest_sha256) d = { 0 };
    char text[DIGEST_ROOM];
    char piece[1000];
    memset(piece, 'a', sizeof piece);
    for (int again = 0; again < 2; again++) {
        assert_null(digest_sha256_init(&d));
        for (int i = 0; i < 1000; i++)
            digest_sha256_update(&d, piece, sizeof piece);
        digest_sha256_update(&d, piece, 0);
        digest_sha256_final(&d, text);
        assert_string_equal(text, of_million_a);
    }
}

/* Started and given up: nothing may leak. */
static void test_digest_abandoned(void **state)
{
    (void)state;
    AUTO(digest_sha256) d = { 0 };
    assert_null(digest_sha256_init(&d));
    assert_null(digest_sha256_init(&d));
    digest_sha256_update(&d, "x", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_of),
        cmocka_unit_test(test_digest_in_pieces),
        cmocka_unit_test(test_digest_abandoned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
