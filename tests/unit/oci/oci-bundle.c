/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle's config.json: which contents are refused, what an edit preserves, and how the file is replaced. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/oci/config/oci-bundle.h"
#include "cuse-server/oci/config/oci-compare.h"
#include "cuse-server/oci/config/oci-schema.h"

static void assert_schema(const char *text, bool ok, OciSchemaError code)
{
    g_autoptr(JsonValue) config = json_text_parse(text, -1, NULL);
    g_autoptr(GError) error = NULL;

    cr_assert(config, "%s", text);
    cr_assert_eq(oci_schema_check(config, &error), ok, "%s: %s", text, error ? error->message : "");
    cr_assert(ok || g_error_matches(error, OCI_SCHEMA_ERROR, (int)code), "%s", text);
}

Test(oci_schema, another_spelling_of_a_key_of_ocis_is_refused)
{
    static const char *const texts[] = {
        "{\"LINUX\":{}}",
        "{\"Linux\":null}",
        "{\"linux\":{},\"Linux\":{}}",
        "{\"proce\xc5\xbf\xc5\xbf\":{}}",
        "{\"hoo\xe2\x84\xaas\":{}}",
        "{\"hoo\\u212as\":{}}",
        "{\"hooks\":{\"createcontainer\":[]}}",
        "{\"hooks\":{\"poststop\":[{\"Path\":\"/x\"}]}}",
        "{\"process\":{\"ENV\":[]}}",
        "{\"linux\":{\"seccomp\":{\"Syscalls\":[]}}}",
        "{\"linux\":{\"seccomp\":{\"syscalls\":[{\"names\":[],\"Action\":\"x\"}]}}}",
        "{\"linux\":{\"seccomp\":{\"syscalls\":[{\"args\":[{\"valuetwo\":1}]}]}}}",
        "{\"linux\":{\"resources\":{\"devices\":[{\"MAJOR\":195}]}}}",
        "{\"linux\":{\"resources\":{\"rdma\":{\"any\":{\"hcahandles\":1}}}}}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_schema(texts[i], false, OCI_SCHEMA_ERROR_SPELLING);
    }
}

Test(oci_schema, free_and_unknown_keys_may_be_spelt_as_they_like)
{
    assert_schema("{\"annotations\":{\"a\":\"\",\"A\":\"\",\"Linux\":\"\",\"ENV\":\"\"}}", true, 0);
    assert_schema("{\"linux\":{\"sysctl\":{\"Kernel.x\":\"1\",\"kernel.x\":\"1\"}}}", true, 0);
    assert_schema("{\"linux\":{\"resources\":{\"rdma\":{\"A\":{},\"a\":{}}}}}", true, 0);
    assert_schema("{\"other\":{\"Linux\":{}},\"Other\":1,\"env\":[1],\"PATH\":1}", true, 0);
}

Test(oci_schema, other_kinds_than_ocis_are_refused)
{
    static const char *const texts[] = {
        "{\"linux\":[]}",
        "{\"hooks\":[]}",
        "{\"hooks\":{\"poststop\":{}}}",
        "{\"hooks\":{\"poststop\":[null]}}",
        "{\"mounts\":{}}",
        "{\"mounts\":[7]}",
        "{\"mounts\":[{\"source\":7}]}",
        "{\"process\":{\"env\":\"A=B\"}}",
        "{\"process\":{\"env\":[\"A=B\",null]}}",
        "{\"annotations\":{\"a\":1}}",
        "{\"linux\":{\"devices\":[{\"major\":\"195\"}]}}",
        "{\"linux\":{\"devices\":[{\"major\":1.95e2}]}}",
        "{\"linux\":{\"devices\":[{\"major\":4294967491}]}}", /* 195 in 32 bits */
        "{\"linux\":{\"devices\":[{\"minor\":-4294967041}]}}",
        "{\"linux\":{\"resources\":{\"devices\":[{\"major\":18446744073709551615}]}}}",
        "{\"linux\":{\"resources\":{\"devices\":[{\"minor\":0.0}]}}}",
        "{\"linux\":{\"seccomp\":{\"syscalls\":[{\"args\":[{\"value\":1e3}]}]}}}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_schema(texts[i], false, OCI_SCHEMA_ERROR_KIND);
    }
    assert_schema("{\"linux\":null,\"mounts\":null,\"hooks\":{\"poststop\":null}}", true, 0);
    assert_schema("{\"linux\":{\"resources\":{\"devices\":[{\"major\":-1,\"minor\":null}]}}}", true,
                  0);
}

/* --- what may differ --------------------------------------------------------------------------- */

#define BEFORE                                                                                   \
    "{\"process\":{\"env\":[\"A=1\"],\"oomScoreAdj\":1.0},\"mounts\":[],\"annotations\":{\"a\":" \
    "\"b\"},\"linux\":{\"namespaces\":[{\"type\":\"pid\"}],\"seccomp\":{\"flags\":[\"f\"],"      \
    "\"defaultAction\":\"x\"},"                                                                  \
    "\"resources\":{\"pids\":{\"limit\":1}}},\"other\":null}"

static bool may_become(const char *from, const char *to)
{
    char **parts = g_strsplit(BEFORE, from, 2);
    g_autofree char *text = g_strjoinv(to, parts);
    g_autoptr(JsonValue) before = json_text_parse(BEFORE, -1, NULL);
    g_autoptr(JsonValue) after = json_text_parse(text, -1, NULL);
    g_autoptr(GError) error = NULL;
    bool ok = oci_compare(before, after, &error);

    cr_assert(after && parts[1], "%s: %s", from, text);
    cr_assert_eq(ok, error == NULL);
    g_strfreev(parts);
    return ok;
}

Test(oci_compare, only_what_nvcuse_changes_may_differ)
{
    cr_assert(may_become("\"A=1\"", "\"A=1\",\"B=2\""));
    cr_assert(may_become("\"mounts\":[]", "\"mounts\":[{}],\"hooks\":{\"poststop\":[]}"));
    cr_assert(may_become("\"x\"}", "\"x\",\"syscalls\":[],\"listenerPath\":\"/x\"}"));
    cr_assert(may_become("[\"f\"]", "[\"f\",\"g\"]"));
    cr_assert(may_become("\"pids\"", "\"devices\":[{}],\"pids\""));

    cr_assert_not(may_become("\"A=1\"", "\"A=2\""));
    cr_assert_not(may_become("\"A=1\"", "\"B=2\",\"A=1\""));
    cr_assert_not(may_become("\"A=1\"", ""));
    cr_assert_not(may_become("1.0", "1"));
    cr_assert_not(may_become("\"b\"", "\"c\""));
    cr_assert_not(may_become("\"b\"", "\"b\",\"c\":\"\""));
    cr_assert_not(may_become("{\"type\":\"pid\"}", ""));
    cr_assert_not(may_become(",\"seccomp\":{\"flags\":[\"f\"],\"defaultAction\":\"x\"}", ""));
    cr_assert_not(may_become("\"x\"}", "\"y\"}"));
    cr_assert_not(may_become("[\"f\"]", "[\"g\"]"));
    cr_assert_not(may_become("[\"f\"]", "[\"g\",\"f\"]"));
    cr_assert_not(may_become("[\"f\"]", "[]"));
    cr_assert_not(may_become("[\"f\"]", "null"));
    cr_assert_not(may_become("\"limit\":1", "\"limit\":2"));
    cr_assert_not(may_become(",\"other\":null", ""));
    cr_assert_not(may_become("null", "0"));
    cr_assert_not(may_become("null", "null,\"linux/seccomp\":{}"));
    cr_assert_not(may_become("\"annotations\":{\"a\":\"b\"}", "\"annotations\":{}"));
}

/* --- exchanging -------------------------------------------------------------------------------- */

typedef struct {
    char *directory;
    char *path;
} Bundle;

static Bundle bundle_new(const char *text)
{
    Bundle bundle = {.directory = g_dir_make_tmp("nvcuse-bundle-XXXXXX", NULL)};

    bundle.path = g_build_filename(bundle.directory, "config.json", NULL);
    cr_assert(g_file_set_contents(bundle.path, text, -1, NULL));
    return bundle;
}

static guint files_in(const Bundle *bundle)
{
    g_autoptr(GDir) directory = g_dir_open(bundle->directory, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(directory)) {
        n++;
    }
    return n;
}

static void bundle_clear(Bundle *bundle)
{
    g_unlink(bundle->path);
    cr_assert_eq(files_in(bundle), 0);
    g_rmdir(bundle->directory);
    g_free(bundle->path);
    g_free(bundle->directory);
}

static void assert_holds(const Bundle *bundle, const char *text)
{
    g_autofree char *found = NULL;

    cr_assert(g_file_get_contents(bundle->path, &found, NULL, NULL));
    cr_assert_str_eq(found, text);
}

static JsonValue *loaded(const Bundle *bundle)
{
    g_autoptr(GError) error = NULL;
    JsonValue *config = oci_bundle_load(bundle->directory, &error);

    cr_assert(config, "%s", error ? error->message : "");
    return config;
}

static void exchanged(const Bundle *bundle)
{
    g_autoptr(JsonValue) config = loaded(bundle);
    g_autoptr(GError) error = NULL;

    json_append_string(json_need_array(json_need_object(config, "process"), "env"), "NEW=1");
    cr_assert(oci_bundle_exchange(bundle->directory, config, &error), "%s",
              error ? error->message : "");
}

Test(oci_bundle, the_engines_file_comes_back_as_it_was)
{
    static const char text[] = "{ \"hostname\" : \"\\u0041\",\n \"x\": 1e400 }\n";
    Bundle bundle = bundle_new(text);
    struct stat before;
    struct stat ours;
    struct stat after;

    cr_assert_eq(chmod(bundle.path, 0640), 0);
    cr_assert(geteuid() != 0 || chown(bundle.path, 12, 34) == 0);
    cr_assert_eq(stat(bundle.path, &before), 0);
    exchanged(&bundle);
    cr_assert_eq(stat(bundle.path, &ours), 0);
    assert_holds(&bundle,
                 "{\"hostname\":\"\\u0041\",\"x\":1e400,\"process\":{\"env\":[\"NEW=1\"]}}");
    cr_assert_eq(ours.st_mode, before.st_mode);
    cr_assert_eq(ours.st_uid, before.st_uid);
    cr_assert_eq(ours.st_gid, before.st_gid);
    cr_assert(oci_bundle_restore(bundle.directory, NULL));
    cr_assert_eq(stat(bundle.path, &after), 0);
    cr_assert_eq(after.st_ino, before.st_ino);
    assert_holds(&bundle, text);
    cr_assert_eq(files_in(&bundle), 1);
    cr_assert(oci_bundle_restore(bundle.directory, NULL), "twice is no harm");
    bundle_clear(&bundle);
}

Test(oci_bundle, ours_that_was_left_is_put_back_before_it_is_read)
{
    Bundle bundle = bundle_new("{\"process\":{\"env\":[]}}");

    exchanged(&bundle);
    exchanged(&bundle);
    assert_holds(&bundle, "{\"process\":{\"env\":[\"NEW=1\"]}}");
    cr_assert(oci_bundle_restore(bundle.directory, NULL));
    assert_holds(&bundle, "{\"process\":{\"env\":[]}}");
    bundle_clear(&bundle);
}

/* An image can write into the file whatever nvcuse could. */
Test(oci_bundle, nothing_in_the_file_makes_it_ours)
{
    static const char text[] = "{\"annotations\":{\"nvcuse.dev/exchanged\":\"\"}}";
    Bundle bundle = bundle_new("{\"hostname\":\"old\"}");

    exchanged(&bundle);
    cr_assert(g_file_set_contents(bundle.path, text, -1, NULL)); /* the engine writes a new file */
    g_autoptr(JsonValue) config = loaded(&bundle);
    cr_assert_null(json_member(config, "hostname"));
    assert_holds(&bundle, text);
    cr_assert(oci_bundle_exchange(bundle.directory, config, NULL));
    cr_assert(oci_bundle_restore(bundle.directory, NULL));
    assert_holds(&bundle, text);
    bundle_clear(&bundle);
}

Test(oci_bundle, a_change_that_was_not_meant_is_not_written)
{
    static const char text[] = "{\"process\":{\"env\":[\"A=1\"]},\"linux\":{\"namespaces\":[]}}";
    Bundle bundle = bundle_new(text);
    g_autoptr(JsonValue) config = loaded(&bundle);
    g_autoptr(GError) error = NULL;

    json_remove_member(json_member(config, "linux"), "namespaces");
    cr_assert_not(oci_bundle_exchange(bundle.directory, config, &error));
    cr_assert(strstr(error->message, "linux: "), "%s", error->message);
    assert_holds(&bundle, text);
    cr_assert_eq(files_in(&bundle), 1);
    bundle_clear(&bundle);
}

Test(oci_bundle, what_cannot_be_read_again_is_not_written)
{
    static const char *const texts[] = {"\xff", "\xed\xa0\x80"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        Bundle bundle = bundle_new("{}");
        g_autoptr(JsonValue) config = loaded(&bundle);
        g_autoptr(GError) error = NULL;
        json_append_string(json_need_array(json_need_object(config, "process"), "env"), texts[i]);
        cr_assert_not(oci_bundle_exchange(bundle.directory, config, &error));
        cr_assert(g_error_matches(error, JSON_TEXT_ERROR, JSON_TEXT_ERROR_ENCODING));
        assert_holds(&bundle, "{}");
        cr_assert_eq(files_in(&bundle), 1);
        bundle_clear(&bundle);
    }
}

Test(oci_bundle, numbers_that_are_not_a_numbers_text_are_not_written)
{
    Bundle bundle = bundle_new("{}");
    g_autoptr(JsonValue) config = loaded(&bundle);

    json_append(json_need_array(config, "mounts"),
                json_new_read(JSON_KIND_NUMBER, g_strdup("1},{\"x\":2"), NULL));
    cr_assert_not(oci_bundle_exchange(bundle.directory, config, NULL));
    assert_holds(&bundle, "{}");
    bundle_clear(&bundle);
}
