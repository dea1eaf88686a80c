/* SPDX-License-Identifier: Apache-2.0 */
/* Docker: the members "runtimes" and "default-runtime" of daemon.json. All other members stay. */
#include <string.h>

#include <gio/gio.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/cli/cmd-engine-hook.h"
#include "cuse-server/cli/install/engine.h"

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s", what);
    return false;
}

/* A file without a document counts as an empty object. */
static JsonValue *parse(const char *text, GError **error)
{
    return text && text[strspn(text, " \t\r\n")] ? json_text_parse(text, -1, error)
                                                 : json_new_object();
}

static char *write_document(const JsonValue *document)
{
    g_autofree char *text = json_text_pretty(document);

    return g_strconcat(text, "\n", NULL);
}

/* Refuse what nvcuse would have to replace without understanding it. */
static bool check(const JsonValue *document, GError **error)
{
    JsonValue *runtimes = json_member(document, "runtimes");
    JsonValue *ours = json_member(runtimes, INSTALL_NAME);

    if (runtimes && json_kind(runtimes) != JSON_KIND_OBJECT) {
        return fail(error, "\"runtimes\" is not an object, as Docker expects: correct it first");
    }
    if (ours && json_kind(ours) != JSON_KIND_OBJECT) {
        return fail(error,
                    "\"runtimes\".\"" INSTALL_NAME "\" is not an object: remove it, and try again");
    }
    if (json_member(ours, "runtimeType")) {
        return fail(error, "\"runtimes\".\"" INSTALL_NAME
                           "\" has \"runtimeType\", beside which Docker accepts no "
                           "\"path\": remove the runtime, and try again");
    }
    return true;
}

static bool is_default(const JsonValue *document)
{
    return g_strcmp0(json_member_string(document, "default-runtime"), INSTALL_NAME) == 0;
}

static bool has_all(const JsonValue *document, const InstallWish *wish)
{
    JsonValue *ours = json_member(json_member(document, "runtimes"), INSTALL_NAME);

    return g_strcmp0(json_member_string(ours, "path"), wish->runtime) == 0 &&
           (!wish->make_default || is_default(document));
}

static void add(JsonValue *document, const InstallWish *wish)
{
    JsonValue *runtimes = json_need_object(document, "runtimes");

    json_set_string(json_need_object(runtimes, INSTALL_NAME), "path", wish->runtime);
    if (wish->make_default) {
        json_set_string(document, "default-runtime", INSTALL_NAME);
    }
}

/* Give the default runtime back to which it was before. daemon.json has no place to remember it: Docker refuses members
 * that it does not know. */
static void restore_default(JsonValue *document, const char *before)
{
    g_autoptr(JsonValue) old = before ? parse(before, NULL) : NULL;
    const char *name = json_member_string(old, "default-runtime");

    if (name && !g_str_equal(name, INSTALL_NAME)) {
        json_set_string(document, "default-runtime", name);
    } else {
        json_remove_member(document, "default-runtime");
    }
}

static void take_out(JsonValue *document, const char *before)
{
    JsonValue *runtimes = json_member_object(document, "runtimes");

    if (is_default(document)) {
        restore_default(document, before);
    }
    if (runtimes) {
        json_remove_member(runtimes, INSTALL_NAME);
    }
    if (json_length(runtimes) == 0) {
        json_remove_member(document, "runtimes");
    }
}

static char *docker_remove(const char *text, JsonValue *document, const InstallWish *wish)
{
    if (!json_member(json_member(document, "runtimes"), INSTALL_NAME) && !is_default(document)) {
        return g_strdup(text ? text : "");
    }
    take_out(document, wish->before);
    return json_length(document) == 0 && !wish->before ? g_strdup("") : write_document(document);
}

static char *docker_edit(const char *text, const InstallWish *wish, GError **error)
{
    g_autoptr(JsonValue) document = parse(text, error);

    if (!document || !check(document, error)) {
        return NULL;
    }
    if (wish->remove) {
        return docker_remove(text, document, wish);
    }
    if (text && has_all(document, wish)) {
        return g_strdup(text);
    }
    add(document, wish);
    return write_document(document);
}

const Engine engine_docker = {
    .name = "docker",
    .path = "/etc/docker/daemon.json",
    .program = "dockerd",
    .hook = "/usr/local/bin/" ENGINE_HOOK,
    .edit = docker_edit,
    .restart = "systemctl reload docker",
    /* A reload adds runtimes. Docker keeps those that its configuration has no more, and the default runtime. */
    .restart_without = "systemctl restart docker",
    .attempt =
        "docker run --rm --runtime=" INSTALL_NAME " -e NVIDIA_VISIBLE_DEVICES=all IMAGE nvidia-smi",
};
