/* image: what an image consists of: manifest, configuration, layers, and the archive that carries
 * some of them (OCI image specification 1.1; Docker's schema 2 differs in media types only). */
#ifndef OCI_IMAGE_H
#define OCI_IMAGE_H

#include <stdint.h>

#include "base/strv.h"
#include "digest/digest.h"

/* oci_chain_ids: what containerd calls the snapshot of each layer with all that are below it: the
 * first diff id itself, then the digest of "<chain id below> <diff id>" (image-spec config.md,
 * "Layer ChainID"). */
struct err *oci_chain_ids(const struct strv *diff_ids, struct strv *out) MUST_USE;

struct oci_descriptor {
    char *media_type;
    char digest[DIGEST_ROOM];
    uint64_t size; /* bytes */
};

struct oci_manifest {
    char *media_type;
    struct oci_descriptor config;
    struct oci_descriptor *layers; /* base first */
    size_t layer_count;
};

/* oci_manifest_parse: media_type is the one it was sent with. *is_index, and out untouched, for a
 * list of manifests. RW4201_IMAGE_STREAM for anything else, also for what could be read as either
 * (CVE-2021-41190). */
struct err *oci_manifest_parse(const char *media_type, const char *bytes, size_t len, bool *is_index,
                               struct oci_manifest *out) MUST_USE;
void oci_manifest_release(struct oci_manifest *m);

/* oci_manifest_text: the same as JSON; owned. */
char *oci_manifest_text(const struct oci_manifest *m) MUST_USE;

/* oci_names_config: whether an Accept header (NULL: none) asks for an image's configuration, by the
 * media type of Docker or of OCI. */
bool oci_names_config(const char *accept);

/* oci_config_diff_ids: rootfs.diff_ids of an image's configuration. RW4201_IMAGE_STREAM. */
struct err *oci_config_diff_ids(const char *bytes, size_t len, struct strv *out) MUST_USE;

/* oci_config_text: a configuration that has no layers yet (engine_image_config), with these; owned.
 * RW4201_IMAGE_STREAM. */
struct err *oci_config_text(const char *config, const struct strv *diff_ids, char **out) MUST_USE;

/* oci_saved_digest: the digest by which an entry of an archive that docker save makes is called:
 * "blobs/sha256/<hex>", or "<hex>.json", before Docker 25. False: it is called otherwise. */
bool oci_saved_digest(const char *entry, char out[DIGEST_ROOM]);

/* oci_saved_configs: the digests of the configurations that manifest.json names, of an archive that docker save
 * makes: one for each image in it. RW4201_IMAGE_STREAM when there are none, or they are named otherwise. */
struct err *oci_saved_configs(const char *bytes, size_t len, struct strv *out) MUST_USE;

/* oci_index_text: index.json of an archive with one manifest that gets these full names, NULL behind the last;
 * owned. */
char *oci_index_text(const struct oci_descriptor *manifest, const char *const *full_names) MUST_USE;

#define OCI_MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define OCI_CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define OCI_LAYER_TYPE "application/vnd.oci.image.layer.v1.tar" /* uncompressed: its digest is its diff id */
#define OCI_LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

#endif
