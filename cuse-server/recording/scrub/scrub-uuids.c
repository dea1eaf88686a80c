/* SPDX-License-Identifier: Apache-2.0 */
/* Finds UUIDs in a recording, and replaces them. */
#include <string.h>

#include "cuse-server/recording/scrub/scrub-work.h"

enum { UUID_TEXT_SIZE = 36 };

static bool is_uuid(const uint8_t *bytes)
{
    unsigned different = 0;

    for (unsigned i = 1; i < UUID_SIZE; i++) {
        different += bytes[i] != bytes[0];
    }
    return different > UUID_SIZE / 2;
}

void scrubber_learn_uuid(Scrubber *scrubber, const uint8_t *bytes)
{
    if (!is_uuid(bytes)) {
        return;
    }
    for (guint i = 0; i < scrubber->uuids->len; i++) {
        if (memcmp(scrubber->uuids->data + (gsize)i * UUID_SIZE, bytes, UUID_SIZE) == 0) {
            return;
        }
    }
    g_array_append_vals(scrubber->uuids, bytes, 1);
}

/* Convert a UUID from text, like 12345678-1234-1234-1234-123456789abc, into bytes. Returns false if it is not one. */
static bool parse_uuid(const uint8_t *text, uint8_t *bytes)
{
    unsigned n = 0;

    for (unsigned i = 0; i < UUID_TEXT_SIZE;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i++] != '-') {
                return false;
            }
            continue;
        }
        int high = g_ascii_xdigit_value((char)text[i]);
        int low = g_ascii_xdigit_value((char)text[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[n++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return true;
}

/* Write the replacement of the UUID with this index. No GPU has such a UUID. It has few digits in a row, so that
 * replace_digits() leaves it alone. */
static void new_uuid(guint index, uint8_t *bytes)
{
    memset(bytes, 0xee, UUID_SIZE);
    bytes[UUID_SIZE - 2] = (uint8_t)((index + 1) >> 8);
    bytes[UUID_SIZE - 1] = (uint8_t)(index + 1);
}

static void new_uuid_text(guint index, uint8_t *text)
{
    g_autofree char *formatted =
        g_strdup_printf("eeeeeeee-eeee-eeee-eeee-eeeeeeee%04x", (index + 1) & 0xffff);

    memcpy(text, formatted, UUID_TEXT_SIZE);
}

/* Learn UUIDs that are written as text anywhere in some bytes, whatever member they are in. */
void scrubber_learn_texts(Scrubber *scrubber, const uint8_t *bytes, size_t size)
{
    uint8_t uuid[UUID_SIZE];

    for (size_t i = 0; size >= UUID_TEXT_SIZE && i <= size - UUID_TEXT_SIZE; i++) {
        if (bytes[i + 8] == '-' && parse_uuid(bytes + i, uuid)) {
            scrubber_learn_uuid(scrubber, uuid);
        }
    }
}

void scrubber_replace_uuids(const Scrubber *scrubber, uint8_t *bytes, size_t size)
{
    uint8_t parsed[UUID_SIZE];

    for (guint u = 0; u < scrubber->uuids->len; u++) {
        const char *uuid = scrubber->uuids->data + (gsize)u * UUID_SIZE;
        uint8_t *at = bytes;
        while ((at = memmem(at, size - (size_t)(at - bytes), uuid, UUID_SIZE))) {
            new_uuid(u, at);
            at += UUID_SIZE;
        }
        for (size_t i = 0; size >= UUID_TEXT_SIZE && i <= size - UUID_TEXT_SIZE; i++) {
            if (bytes[i + 8] == '-' && parse_uuid(bytes + i, parsed) &&
                memcmp(parsed, uuid, UUID_SIZE) == 0) {
                new_uuid_text(u, bytes + i);
            }
        }
    }
}
