/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents: reading and writing preserves them, and a document that two parsers could read differently is refused. */
#include <criterion/criterion.h>

#include <string.h>

#include "cuse-server/base/json/json-text.h"

static JsonValue *parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    JsonValue *value = json_text_parse(text, -1, &error);

    cr_assert(value, "%s: %s", text, error ? error->message : "");
    return value;
}

Test(json_text, what_is_read_is_written_as_it_was)
{
    static const char *const values[] = {
        "18446744073709551615",
        "-9223372036854775808",
        "9007199254740993",
        "123456789012345678901234567890",
        "-0",
        "0.1",
        "1.0",
        "1e400",
        "1E+2",
        "0e-0",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        "[[],{},[1,[2]],\"\"]",
        "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\"",
        "\"\\u0001\\u001f\\u007f\\u0085\\u2028\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
        "\"@nvcuse-integer:7\"",
        "\"@nvcuse-integer:null}\"",
        "\"@nvcuse-integer:1],[[=\"",
        "\"\\u0040nvcuse-integer:1\"",
        "\"}],\\\"linux\\\":{}\"",
        "{\"a\":1,\"A\":2,\"\":3,\"@nvcuse-integer:0\":[],\"\\u0062\":4}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *text = g_strdup_printf("{\"x\":%s,\"y\":[%s]}", values[i], values[i]);
        g_autoptr(JsonValue) value = parsed(text);
        g_autoptr(JsonValue) copy = json_copy(value);
        g_autofree char *written = json_text_write(value);
        g_autofree char *copied = json_text_write(copy);
        cr_assert_str_eq(written, text);
        cr_assert_str_eq(copied, text);
        cr_assert(json_equal(value, copy));
    }
}

Test(json_text, space_between_tokens_is_all_that_goes)
{
    g_autoptr(JsonValue) value = parsed(" \t\r\n{ \"a b\" : [ 1 ,\n2 ] , \"c\" : { } }\n");
    g_autofree char *text = json_text_write(value);
    g_autofree char *pretty = json_text_pretty(value);
    g_autoptr(JsonValue) again = parsed(pretty);

    cr_assert_str_eq(text, "{\"a b\":[1,2],\"c\":{}}");
    cr_assert(json_equal(value, again));
}

Test(json_text, what_could_be_read_in_two_ways_is_refused)
{
    static const struct {
        const char *text;
        JsonTextError code;
    } rows[] = {
        {"", JSON_TEXT_ERROR_SYNTAX},
        {"[]", JSON_TEXT_ERROR_KIND},
        {"7", JSON_TEXT_ERROR_KIND},
        {"{", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\"", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":1", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":1,}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":[1,]}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":[,]}", JSON_TEXT_ERROR_SYNTAX},
        {"{a:1}", JSON_TEXT_ERROR_SYNTAX},
        {"{'a':1}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\" 1}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":1 \"b\":2}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":[1}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":01}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":-}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":+1}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":.5}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":5.}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":5e}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":0x10}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":NaN}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":-Infinity}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":True}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":nul}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":truefalse}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":1/**/}", JSON_TEXT_ERROR_SYNTAX},
        {"// x\n{}", JSON_TEXT_ERROR_SYNTAX},
        {"\xef\xbb\xbf{}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":\"\n\"}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":\"\\x41\"}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":\"\\u12g4\"}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":\"\\u12\"}", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":\"\\", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":\"b", JSON_TEXT_ERROR_SYNTAX},
        {"{\"a\":\"\\u0000\"}", JSON_TEXT_ERROR_ESCAPE},
        {"{\"\\u0000\":1}", JSON_TEXT_ERROR_ESCAPE},
        {"{\"a\":\"\\ud800\"}", JSON_TEXT_ERROR_ESCAPE},
        {"{\"a\":\"\\ud800\\ud800\"}", JSON_TEXT_ERROR_ESCAPE},
        {"{\"a\":\"\\ud800\\n\"}", JSON_TEXT_ERROR_ESCAPE},
        {"{\"a\":\"\\udc00\\ud800\"}", JSON_TEXT_ERROR_ESCAPE},
        {"{\"a\":\"\xff\"}", JSON_TEXT_ERROR_ENCODING},
        {"{\"a\":\"\xc0\xaf\"}", JSON_TEXT_ERROR_ENCODING},
        {"{\"a\":\"\xed\xa0\x80\"}", JSON_TEXT_ERROR_ENCODING},
        {"{\"a\":\"\xf4\x90\x80\x80\"}", JSON_TEXT_ERROR_ENCODING},
        {"{}{}", JSON_TEXT_ERROR_TRAILING},
        {"{} x", JSON_TEXT_ERROR_TRAILING},
        {"{},", JSON_TEXT_ERROR_TRAILING},
        {"{\"a\":1,\"b\":2,\"a\":1}", JSON_TEXT_ERROR_DUPLICATE},
        {"{\"a\":1,\"\\u0061\":1}", JSON_TEXT_ERROR_DUPLICATE},
        {"{\"x\":[{\"\":1,\"\":1}]}", JSON_TEXT_ERROR_DUPLICATE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        cr_assert_null(json_text_parse(rows[i].text, -1, &error), "%s", rows[i].text);
        cr_assert(g_error_matches(error, JSON_TEXT_ERROR, (int)rows[i].code), "%s: %s",
                  rows[i].text, error->message);
    }
}

Test(json_text, a_nul_byte_does_not_end_a_document)
{
    g_autoptr(GError) error = NULL;

    cr_assert_null(json_text_parse("{}\0{}", 5, &error));
    cr_assert(g_error_matches(error, JSON_TEXT_ERROR, JSON_TEXT_ERROR_ENCODING));
}

/* @depth arrays inside an object. */
static char *nested(size_t depth)
{
    GString *text = g_string_new("{\"a\":");

    for (size_t i = 0; i < depth; i++) {
        g_string_append_c(text, '[');
    }
    for (size_t i = 0; i < depth; i++) {
        g_string_append_c(text, ']');
    }
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

Test(json_text, depth_is_limited)
{
    g_autofree char *deep = nested(63);
    g_autofree char *deeper = nested(64);
    g_autofree char *much = nested(1000000);
    g_autoptr(JsonValue) value = parsed(deep);
    g_autoptr(GError) error = NULL;

    cr_assert_null(json_text_parse(deeper, -1, &error));
    cr_assert(g_error_matches(error, JSON_TEXT_ERROR, JSON_TEXT_ERROR_DEPTH));
    cr_assert_null(json_text_parse(much, -1, NULL));
}

Test(json_text, an_error_names_its_place)
{
    g_autoptr(GError) error = NULL;

    cr_assert_null(json_text_parse("{\n  \"a\": 1,\n  \"b\": x\n}", -1, &error));
    cr_assert(g_str_has_prefix(error->message, "line 3, column 8: "), "%s", error->message);
}

/* Keys with the same hash in GLib's table; with a number of comparisons that grows by the square this takes minutes. */
Test(json_text, keys_are_not_anybodys_to_make_slow, .timeout = 20)
{
    GString *text = g_string_new("{\"\":0");

    for (unsigned i = 0; i < 1 << 17; i++) {
        g_string_append(text, ",\"");
        for (unsigned bit = 0; bit < 17; bit++) {
            g_string_append(text, i >> bit & 1 ? "bB" : "ac");
        }
        g_string_append(text, "\":0");
    }
    g_string_append_c(text, '}');
    g_autofree char *whole = g_string_free(text, FALSE);
    g_autoptr(JsonValue) value = parsed(whole);
    cr_assert_eq(json_length(value), (1 << 17) + 1);
}

Test(json_value, strings_of_ours_are_written_as_strings)
{
    static const char *const texts[] = {
        "",       "a", "\"", "\\", "\n\x01\x1f\x7f", "\xc3\xa9", "@nvcuse-integer:1", "\",\"x\":\"",
        "\\u0041"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(JsonValue) object = json_new_object();
        g_autofree char *text = NULL;
        json_set_string(object, texts[i], texts[i]);
        text = json_text_write(object);
        g_autoptr(JsonValue) again = parsed(text);
        cr_assert(json_equal(object, again), "%s", text);
        cr_assert_eq(json_length(again), 1);
        cr_assert_str_eq(json_member_string(again, texts[i]), texts[i]);
    }
}

Test(json_value, integers)
{
    g_autoptr(JsonValue) object =
        parsed("{\"most\":18446744073709551615,\"more\":18446744073709551616,\"less\":-1,\"zero\":"
               "-0,\"dot\":1.0,\"exponent\":1e2,\"text\":\"1\"}");
    uint64_t value = 0;

    cr_assert(json_uint_get(json_member(object, "most"), &value));
    cr_assert_eq(value, UINT64_MAX);
    for (guint i = 1; i < json_length(object); i++) {
        cr_assert_not(json_uint_get(json_element(object, i), &value), "%u", i);
    }
    cr_assert_not(json_uint_get(NULL, &value));
}

Test(json_value, integers_with_a_sign_and_booleans)
{
    g_autoptr(JsonValue) object =
        parsed("{\"least\":-9223372036854775808,\"less\":-9223372036854775809,\"more\":"
               "9223372036854775808,\"dot\":1.0,\"text\":\"true\",\"yes\":true,\"no\":false}");
    int64_t number = 0;
    bool is_true = false;

    cr_assert(json_int_get(json_member(object, "least"), &number));
    cr_assert_eq(number, INT64_MIN);
    for (guint i = 1; i < json_length(object); i++) {
        cr_assert_not(json_int_get(json_element(object, i), &number), "%u", i);
    }
    cr_assert(json_boolean_get(json_member(object, "yes"), &is_true) && is_true);
    cr_assert(json_boolean_get(json_member(object, "no"), &is_true) && !is_true);
    cr_assert_not(json_boolean_get(json_member(object, "text"), &is_true));
    cr_assert_not(json_boolean_get(NULL, &is_true));
}

Test(json_value, a_change_stays_in_its_place)
{
    g_autoptr(JsonValue) object = parsed("{\"a\":1.0,\"b\":[1e400,\"x\"],\"c\":null}");
    g_autofree char *text = NULL;

    json_set(object, "a", json_new_uint(UINT64_MAX));
    json_set(object, "d", json_new_boolean(true));
    json_remove_element(json_member_array(object, "b"), 1);
    json_append_string(json_member_array(object, "b"), "y");
    json_remove_member(object, "c");
    json_append(json_need_array(json_need_object(object, "e"), "f"), json_new_int(-1));
    text = json_text_write(object);
    cr_assert_str_eq(text, "{\"a\":18446744073709551615,\"b\":[1e400,\"y\"],\"d\":true,\"e\":{"
                           "\"f\":[-1]}}");
}
