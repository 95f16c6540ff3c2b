/* error: how an error looks.
 *
 *     error[RW3101]: cannot reach the Docker engine at unix:///var/run/docker.sock
 *       cause: permission denied (EACCES): …
 *       state: nothing was built or changed
 *       next:  sudo usermod -aG docker ana
 *       where: manifests/dev/web/web.yaml:12:3
 *       | the user's own program's last lines
 *
 * Every error has a state line; where nobody told one, it says that the state is unknown.
 */
#ifndef UI_ERROR_H
#define UI_ERROR_H

#include "base/err.h"

/* Both give owned text that ends in a newline: the errors of a chain sorted by place and message,
 * equal ones once. */
char *error_as_text(const struct err *chain, bool colour) MUST_USE;

/* One object a line: event, code, exit, class, message, cause, state, next[], where, detail. */
char *error_as_json(const struct err *chain, int exit_code) MUST_USE;

#endif
