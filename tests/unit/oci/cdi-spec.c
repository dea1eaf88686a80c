/* SPDX-License-Identifier: Apache-2.0 */
/* CDI specifications made from NVIDIA's, in the forms that its tools and its operator write. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/oci/hooks/cdi-spec.h"

#define LIB(root)                                                           \
    "{\"hostPath\": \"" root "/usr/lib/libcuda.so.1\", \"containerPath\": " \
    "\"/usr/lib/libcuda.so.1\"}"
#define SOCKET                                                                \
    "{\"hostPath\": \"/run/nvidia-persistenced/socket\", \"containerPath\": " \
    "\"/run/nvidia-persistenced/socket\"}"
#define HOOK(word)                                                                           \
    "{\"hookName\": \"createContainer\", \"path\": \"/usr/bin/nvidia-cdi-hook\", \"args\": " \
    "[\"nvidia-cdi-hook\", \"" word "\"]}"
#define EDITS(mounts, hooks) \
    "\"containerEdits\": {\"mounts\": [" mounts "], \"hooks\": [" hooks "]}"
#define DEVICE(name, mounts) "{\"name\": \"" name "\", " EDITS(mounts, HOOK("update-ldcache")) "}"

/* Make a specification from NVIDIA's. @notes: set to the notes, joined by lines; the caller frees both. */
static JsonValue *made(const char *text, char **notes)
{
    g_autoptr(JsonValue) from = json_text_parse(text, -1, NULL);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

    cr_assert_not_null(from, "%s", text);
    JsonValue *spec = cdi_spec_new("/usr/bin/nvcuse", from, list);
    g_ptr_array_add(list, NULL);
    *notes = g_strjoinv("\n", (char **)list->pdata);
    return spec;
}

static guint count(JsonValue *spec, const char *member)
{
    return json_length(json_member_array(json_member_object(spec, "containerEdits"), member));
}

Test(cdi_spec, takes_what_belongs_to_no_single_gpu)
{
    static const struct {
        const char *from;
        guint mounts;
        guint hooks;
    } rows[] = {
        {"{" EDITS(LIB(""), HOOK("update-ldcache")) "}", 1, 1},
        {"{" EDITS(LIB("/run/nvidia/driver"), HOOK("create-symlinks")) "}", 1, 1},
        {"{\"devices\": [" DEVICE("all", LIB("")) "]}", 1, 1},
        {"{\"devices\": [" DEVICE("0", LIB("")) ", " DEVICE("1", LIB("")) "]}", 1, 1},
        {"{\"devices\": [" DEVICE("0", LIB("/a")) ", " DEVICE("1", LIB("/b")) "]}", 0, 1},
        {"{\"devices\": [" DEVICE("0", LIB("/a")) ", " DEVICE("all", LIB("/b")) "]}", 1, 1},
        {"{\"devices\": [" DEVICE("all", LIB("")) "], " EDITS(LIB(""), "") "}", 1, 1},
        {"{" EDITS(LIB("") ", " SOCKET, HOOK("chmod") ", " HOOK("update-ldcache")) "}", 1, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *notes = NULL;
        g_autoptr(JsonValue) spec = made(rows[i].from, &notes);
        cr_assert_eq(count(spec, "mounts"), rows[i].mounts, "%s", rows[i].from);
        cr_assert_eq(count(spec, "hooks"), rows[i].hooks, "%s", rows[i].from);
        cr_assert_eq(!strstr(notes, "no library"), rows[i].mounts > 0, "%s: %s", rows[i].from,
                     notes);
    }
}

Test(cdi_spec, says_what_it_leaves_out)
{
    g_autofree char *notes = NULL;
    g_autoptr(JsonValue) spec =
        made("{" EDITS(LIB("") ", " SOCKET ", {\"hostPath\": \"/x\"}", HOOK("chmod")) "}", &notes);

    cr_assert(strstr(notes, "mount /run/nvidia-persistenced/socket: a service"), "%s", notes);
    cr_assert(strstr(notes, "hook chmod: "), "%s", notes);
    cr_assert(strstr(notes, "expected hostPath"), "%s", notes);
}

Test(cdi_spec, a_file_without_anything_to_take_is_said)
{
    static const char *const files[] = {
        "{}",
        "{\"kind\": \"other.org/nic\", \"devices\": []}",
        "{\"devices\": [{\"name\": \"0\"}, 7, {\"containerEdits\": []}], \"containerEdits\": 1}",
        "{\"devices\": {}, \"containerEdits\": {\"mounts\": {}, \"hooks\": [7, null]}}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *notes = NULL;
        g_autoptr(JsonValue) spec = made(files[i], &notes);
        cr_assert(strstr(notes, "took no library"), "%s: %s", files[i], notes);
        cr_assert_eq(count(spec, "mounts"), 0);
    }
}
