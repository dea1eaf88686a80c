/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle's config.json: what is refused. */
#include <criterion/criterion.h>

#include "cuse-server/container/json-text.h"
#include "cuse-server/container/oci-schema.h"

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
