#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "fake/check.h"
#include "fake/txtar.h"
#include "workspace/build_context.h"

static int open_dir(const char *dir)
{
    int fd = -1;
    check_ok(fs_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, &fd));
    return fd;
}

/* All bytes of a context. room: bytes asked for at a time. */
static struct err *read_all(struct build_context *c, size_t room, struct buf *out)
{
    char bytes[4096];
    size_t len;
    do {
        TRY(build_context_read(c, bytes, room, &len));
        buf_add(out, bytes, len);
    } while (len);
    return NULL;
}

/* One header of a plain ustar, as POSIX lays it out; *blocks: how many 512 bytes it and its content take. */
static void tell_header(const char *header, struct buf *out, size_t *blocks)
{
    const char *kind = strchr("0f5d2l", header[156]);
    assert_non_null(kind);
    assert_memory_equal(header + 257, "ustar", 5);
    assert_int_equal(strtol(header + 108, NULL, 8), 0); /* uid */
    assert_int_equal(strtol(header + 116, NULL, 8), 0); /* gid */
    assert_true(strtol(header + 136, NULL, 8) > 0);     /* mtime */
    assert_int_equal(header[265], 0);                   /* no user name */
    buf_addf(out, "%c %03lo %.100s", kind[1], strtol(header + 100, NULL, 8), header);
    if (header[157])
        buf_addf(out, " -> %.100s", header + 157);
    buf_adds(out, "\n");
    *blocks = 1 + ((size_t)strtol(header + 124, NULL, 8) + 511) / 512;
}

/* The entries, one a line. */
static char *entries_of(const char *root, const char *dir, const char *dockerfile, size_t room)
{
    AUTO_FD fd = open_dir(root);
    AUTO_PTR(build_context) context = NULL;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    AUTO(buf) out = BUF_INIT(1 << 20);
    size_t blocks;
    check_ok(build_context_open(fd, dir, dockerfile, &context));
    check_ok(read_all(context, room, &tar));
    for (size_t at = 0; tar.bytes[at]; at += blocks * 512)
        tell_header(tar.bytes + at, &out, &blocks);
    return buf_steal(&out, NULL);
}

static char *tree(void)
{
    AUTO(txtar) t = { 0 };
    char *dir = scratch_new();
    txtar_read("tests/data/workspace/context.txtar", &t);
    txtar_unpack(&t, dir);
    AUTO_STR script = fs_join(dir, "services/web/run.sh");
    assert_int_equal(chmod(script, 0755), 0);
    return dir;
}

static const char whole[] = "f 644 docker/Dockerfile\n"
                            "d 755 docker/\n"
                            "f 644 docker/other.txt\n"
                            "d 755 services/\n"
                            "d 755 services/web/\n"
                            "l 777 services/web/link -> /etc/passwd\n"
                            "f 644 services/web/main.py\n"
                            "f 755 services/web/run.sh\n"
                            "d 755 services/web-b/\n"
                            "f 644 services/web-b/main.py\n"
                            "f 644 services.txt\n";

/* "services/…" before "services.txt": components are compared, not whole paths. */
static void test_context_entries(void **state)
{
    (void)state;
    AUTO_STR dir = tree();
    AUTO_STR got = entries_of(dir, ".", "docker/Dockerfile", 4096);
    AUTO_STR by_byte = entries_of(dir, "./", "./docker/Dockerfile", 1);
    assert_string_equal(got, whole);
    assert_string_equal(by_byte, whole);
}

static void test_context_ignores(void **state)
{
    (void)state;
    AUTO_STR dir = tree();
    scratch_write(dir, ".dockerignore", "**\n!services/web/main.py\n");
    AUTO_STR got = entries_of(dir, ".", "docker/Dockerfile", 4096);
    assert_string_equal(got, "f 644 docker/Dockerfile\n"
                             "d 755 services/\n"
                             "d 755 services/web/\n"
                             "f 644 services/web/main.py\n");
    scratch_write(dir, "docker/Dockerfile.dockerignore", "services/web*\ndocker\n.dockerignore\n");
    AUTO_STR own = entries_of(dir, ".", "docker/Dockerfile", 4096);
    assert_string_equal(own, "f 644 docker/Dockerfile\nd 755 services/\nf 644 services.txt\n");
}

static void test_context_below_root(void **state)
{
    (void)state;
    AUTO_STR dir = tree();
    AUTO_FD fd = open_dir(dir);
    AUTO_PTR(build_context) context = NULL;
    AUTO_STR got = entries_of(dir, "services/web-b", "docker/Dockerfile", 4096);
    assert_string_equal(got, "f 644 .rwml.Dockerfile\nf 644 main.py\n");
    check_ok(build_context_open(fd, "services/web-b", "docker/Dockerfile", &context));
    assert_string_equal(build_context_get_dockerfile(context), ".rwml.Dockerfile");
    build_context_freep(&context);
    check_ok(build_context_open(fd, "docker", "docker/Dockerfile", &context));
    assert_string_equal(build_context_get_dockerfile(context), "Dockerfile");
}

static struct err *drain(struct build_context *c)
{
    AUTO(buf) tar = BUF_INIT(1 << 20);
    return read_all(c, 4096, &tar);
}

static void test_context_skips_what_is_no_file(void **state)
{
    (void)state;
    AUTO_STR dir = tree();
    AUTO_STR fifo = fs_join(dir, "services/pipe");
    AUTO_FD fd = open_dir(dir);
    AUTO_FD listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    AUTO_PTR(build_context) context = NULL;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    assert_true((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", dir) <
                sizeof address.sun_path);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    check_ok(build_context_open(fd, ".", "docker/Dockerfile", &context));
    check_ok(drain(context));
    AUTO_STR skipped = strv_join(build_context_get_skipped(context), " ");
    assert_string_equal(skipped, "services/pipe socket");
    struct build_context_totals totals = build_context_get_totals(context);
    assert_int_equal(totals.files, 6);
    assert_true(totals.bytes > 0 && totals.tar_bytes > totals.bytes && totals.tar_bytes % 512 == 0);
}

/* A context whose walk stands in front of services.txt, of which other things are then made. */
static struct build_context *open_and_start(const char *dir)
{
    AUTO_FD fd = open_dir(dir);
    struct build_context *context = NULL;
    char bytes[512];
    size_t len;
    check_ok(build_context_open(fd, ".", "docker/Dockerfile", &context));
    check_ok(build_context_read(context, bytes, sizeof bytes, &len));
    return context;
}

static void test_context_dockerfile_changes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "FROM scratch\nRUN a much longer text than there was before\n# more\n# and more"
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO_STR dir = tree();
        AUTO_PTR(build_context) context = open_and_start(dir);
        scratch_write(dir, "docker/Dockerfile", texts[i]);
        check_says(drain(context), RW2004_CONTEXT_CHANGED, "docker/Dockerfile");
        check_error(drain(context), RW2003_CONTEXT_UNREADABLE); /* no whole tar can come any more */
    }
}

/* A link put in a directory's place between the listing and the opening leads nowhere. */
static void test_context_directory_becomes_link(void **state)
{
    (void)state;
    AUTO_STR dir = tree();
    AUTO_STR elsewhere = scratch_new();
    AUTO_STR sources = fs_join(dir, "services");
    AUTO_STR moved = fs_join(dir, "services-moved");
    scratch_write(elsewhere, "secret", "outside");
    AUTO_PTR(build_context) context = open_and_start(dir);
    assert_int_equal(rename(sources, moved), 0);
    assert_int_equal(symlink(elsewhere, sources), 0);
    AUTO(buf) bytes = BUF_INIT(1 << 20);
    check_ok(read_all(context, 512, &bytes));
    assert_null(memmem(bytes.bytes, bytes.len, "outside", 7));
    assert_null(memmem(bytes.bytes, bytes.len, "secret", 6));
}

static void test_context_file_vanishes(void **state)
{
    (void)state;
    AUTO_STR dir = tree();
    AUTO_STR file = fs_join(dir, "services.txt");
    AUTO_PTR(build_context) context = open_and_start(dir);
    assert_int_equal(unlink(file), 0);
    check_ok(drain(context));
    assert_int_equal(build_context_get_totals(context).files, 5);
}

static void test_context_unreadable(void **state)
{
    (void)state;
    AUTO_STR dir = tree();
    AUTO_FD fd = open_dir(dir);
    AUTO_PTR(build_context) context = NULL;
    check_error(build_context_open(fd, ".", "docker/None", &context), RW1013_NO_DOCKERFILE);
    check_error(build_context_open(fd, ".", "docker", &context), RW2003_CONTEXT_UNREADABLE);
    check_error(build_context_open(fd, "nowhere", "docker/Dockerfile", &context), RW2003_CONTEXT_UNREADABLE);
    check_error(build_context_open(fd, "..", "docker/Dockerfile", &context), RW2003_CONTEXT_UNREADABLE);
    scratch_write(dir, ".dockerignore", "!\n");
    check_error(build_context_open(fd, ".", "docker/Dockerfile", &context), RW2002_IGNORE_SYNTAX);
    assert_null(context);
}

#ifdef RWML_FAULT
/* Every system call of a whole context fails once: always an error, never a shorter tar. */
static void test_context_faults(void **state)
{
    (void)state;
    static const char *const points[] = { "fs.open", "fs.read", "fs.stat", "fs.list" };
    AUTO_STR dir = tree();
    for (size_t p = 0; p < COUNT_OF(points); p++) {
        bool failed = true;
        size_t hit = 0;
        for (; failed && hit < 100; hit++) {
            AUTO_FD fd = open_dir(dir);
            AUTO_STR off = hit ? xasprintf("%zu*off->", hit) : xstrdup("");
            AUTO_STR fault = xasprintf("%s=%s1*error(EIO)", points[p], off);
            AUTO_PTR(build_context) context = NULL;
            fault_set(fault);
            AUTO_PTR(err) e = build_context_open(fd, ".", "docker/Dockerfile", &context);
            if (!e)
                e = drain(context);
            fault_set(NULL);
            failed = e != NULL;
            if (e && err_get_class(e) != ERR_LOCAL)
                fail_msg("%s: RW%d", fault, (int)err_get_code(e));
        }
        assert_true(hit > 2 && hit < 100);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_context_entries),
        cmocka_unit_test(test_context_ignores),
        cmocka_unit_test(test_context_below_root),
        cmocka_unit_test(test_context_skips_what_is_no_file),
        cmocka_unit_test(test_context_dockerfile_changes),
        cmocka_unit_test(test_context_directory_becomes_link),
        cmocka_unit_test(test_context_file_vanishes),
        cmocka_unit_test(test_context_unreadable),
#ifdef RWML_FAULT
        cmocka_unit_test(test_context_faults),
#endif
    };
    umask(022); /* the modes above */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
