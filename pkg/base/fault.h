/* fault: where tests make the world fail.
 *
 * Every system call with an outcome that our own code makes goes through base and asks here first.
 * In a build with -DRWML_FAULT the environment variable RWML_FAULT names points and what happens
 * there; in a release build fault_point() is a constant that the compiler removes, so that no
 * switch remains.
 *
 *   RWML_FAULT='fs.write=error(ENOSPC)'            every write fails
 *   RWML_FAULT='net.read=3*off->error(ECONNRESET)' the fourth read fails, and all after it
 *   RWML_FAULT='fs.rename=1*off->1*kill'           dies by SIGKILL at the second rename
 *   RWML_FAULT='net.write=2*off->1*signal(SIGINT)' raises a signal, then goes on
 *   RWML_FAULT='net.write=1*short'                 transfers one byte only
 *   RWML_FAULT='net.read=1*delay(500)'             waits that many milliseconds
 * Terms are joined by "->"; N* in front limits a term to N hits; several points by ";". The form is
 * that of FreeBSD's fail(9), which containerd uses, too.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stddef.h>

/* fault_point: 0 to go on; else the errno that the call is to fail with. *len, where given, may
 * be lowered to 1: a short transfer. */
#ifdef RWML_FAULT
int fault_point(const char *point, size_t *len);

/* fault_set: for unit tests: what RWML_FAULT names from now on (NULL: nothing), counted anew. */
void fault_set(const char *setting);
#else
static inline int fault_point(const char *point, size_t *len)
{
    (void)point;
    (void)len;
    return 0;
}
#endif

#endif
