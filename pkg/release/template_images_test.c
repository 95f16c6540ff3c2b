#include "fake/check.h"

#include "release/template_images.h"

/* Only names that rwml itself gives count: what anybody else named can be pulled, or is not ours to know. */
static void test_template_images_brought(void **state)
{
    static const struct {
        const char *image;
        bool brought;
    } rows[] = {
        { "web:dev-0123456789ab", true },   { "web:dev", false },
        { "web:dev-0123456789a", false },   { "web:dev-0123456789abc", false },
        { "web:dev-0123456789aX", false },  { "other:dev-0123456789ab", false },
        { "web:dev.0123456789ab", false },  { "localhost:5001/web:dev-0123456789ab", false },
        { "xweb:dev-0123456789ab", false }, { "", false },
    };
    char reference[] = "web:dev", name[] = "web";
    struct service_image image = { .reference = reference };
    struct service service = { .name = name, .images = &image, .image_count = 1 };
    const struct workspace workspace = { .services = &service, .service_count = 1 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (template_images_brought(&workspace, rows[i].image) != rows[i].brought)
            fail_msg("%s: brought by rwml: %s", rows[i].image, rows[i].brought ? "no" : "yes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_template_images_brought),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
