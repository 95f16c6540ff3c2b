#include <archive.h>
#include <curl/curl.h>
#include <git2.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <yaml.h>

#include "commands.h"

struct err *cmd_version(const struct app *app, const struct command *self)
{
    int major, minor, revision;
    if (app->options->arguments.count)
        return err_new(RW1020_COMMAND_LINE, "rwml %s takes no arguments", self->name);
    git_libgit2_version(&major, &minor, &revision);
    AUTO_STR text = xasprintf("rwml %s\n%s\n%s\nlibyaml %s\njansson %s\nlibgit2 %d.%d.%d\n%s\n", RWML_VERSION,
                              curl_version(), OpenSSL_version(OPENSSL_VERSION), yaml_get_version_string(),
                              jansson_version_str(), major, minor, revision, archive_version_string());
    ui_text(app->ui, text);
    return NULL;
}
