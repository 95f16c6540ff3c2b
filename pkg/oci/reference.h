/* reference: image names, as people write them and as containerd stores them.
 *
 * "orders:dev" is the familiar form of "docker.io/library/orders:dev": a first component without
 * '.' and ':' that is not "localhost" belongs to the path, and a path of one component on
 * docker.io gains "library/" (github.com/distribution/reference, normalize.go).
 */
#ifndef OCI_REFERENCE_H
#define OCI_REFERENCE_H

#include "base/err.h"

#define OCI_TAG_MAX 128u        /* characters; the reference grammar's own bound */
#define OCI_CONTENT_HEX 12u     /* hex digits of the config digest in a content name */
#define OCI_REFERENCE_MAX 1024u /* characters of a whole reference; 255 for the name alone in the grammar */

struct oci_ref {
    char *domain; /* "docker.io" */
    char *path;   /* "library/orders" */
    char *tag;    /* NULL: none was written */
    char *digest; /* "sha256:…"; NULL: none was written */
};

/* oci_ref_parse: RW5001_OBJECT_INVALID with the offending part in the cause. */
struct err *oci_ref_parse(const char *text, struct oci_ref *out) MUST_USE;
void oci_ref_release(struct oci_ref *r);

/* Owned. The full form is "docker.io/library/orders:dev", the familiar one "orders:dev". A
 * reference with neither tag nor digest gets ":latest". */
char *oci_ref_full(const struct oci_ref *r) MUST_USE;
char *oci_ref_familiar(const struct oci_ref *r) MUST_USE;

/* oci_full_name, oci_familiar_name: the same from text to text. */
struct err *oci_full_name(const char *text, char **out) MUST_USE;
struct err *oci_familiar_name(const char *text, char **out) MUST_USE;

/* oci_content_name: the name that no other content will ever have: "orders:dev" with the config
 * digest "sha256:0123456789abcdef…" gives "orders:dev-0123456789ab". A tag too long for it is
 * shortened. A digest in the reference is dropped. */
struct err *oci_content_name(const char *image, const char *config_digest, char **out) MUST_USE;

/* oci_registry: the registry that a reference names by itself, "localhost:5001" of "localhost:5001/orders:dev";
 * owned. NULL: none is written, it is docker.io, or this is no reference.
 * oci_registry_is_loopback: its host is this machine: "localhost", 127.0.0.0/8. */
char *oci_registry(const char *text) MUST_USE;
bool oci_registry_is_loopback(const char *registry);

/* oci_is_digest: "sha256:" and 64 lower-case hex digits. */
bool oci_is_digest(const char *s);

#endif
