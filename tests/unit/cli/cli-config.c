/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file of instances: which values count, and how errors in it are reported. */
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <glib/gstdio.h>

#include "cuse-server/base/nearest.h"
#include "cuse-server/cli/options/instance-options.h"

static const char *const words[] = {"name",     "gpus",        "caps",        "threads",
                                    "call-log", "max-clients", "max-objects", NULL};

Test(nearest, finds_what_was_meant)
{
    cr_assert_str_eq(nearest_word("gpu", words), "gpus");
    cr_assert_str_eq(nearest_word("gpsu", words), "gpus", "two letters swapped");
    cr_assert_str_eq(nearest_word("max_clients", words), "max-clients");
    cr_assert_str_eq(nearest_word("thraeds", words), "threads");
    cr_assert_str_eq(nearest_word("maxobjets", words), "max-objects");
}

Test(nearest, does_not_guess_wildly)
{
    static const char *const one[] = {"x", NULL};
    g_autofree char *hint = nearest_hint("colour", words);
    g_autofree char *long_word = g_strnfill(200, 'a');

    cr_assert_null(nearest_word("colour", words));
    cr_assert_null(nearest_word("", words));
    cr_assert_null(nearest_word("y", one), "nothing of it is right");
    cr_assert_null(nearest_word(long_word, words));
    cr_assert_str_eq(hint, "; expected one of: name, gpus, caps, threads, call-log, max-clients, "
                           "max-objects");
}

/* Load the file @text after the options of the command line. */
static bool load(InstanceOptions *options, const char *text, char **message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("nvcuse-XXXXXX.conf", &path, NULL);

    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert(g_file_set_contents(path, text, -1, NULL));
    bool ok = instance_options_load(options, path, &error);
    g_unlink(path);
    /* The part of a message after the path. */
    *message = error
                   ? g_strdup(g_str_has_prefix(error->message, path) ? error->message + strlen(path)
                                                                     : error->message)
                   : NULL;
    return ok;
}

Test(config, takes_what_the_command_line_left_open)
{
    InstanceOptions options = {.gpus = g_strdup("1"), .threads = {.text = g_strdup("8")}};
    g_autofree char *message = NULL;

    cr_assert(load(&options,
                   "# a comment\n[instance]\nname = web\n gpus=0 , 2\nthreads = 16\n\n"
                   "max-files = 100\ncaps = compute, video\ndriver = 580.65.06\n"
                   "driver-policy = known\n",
                   &message),
              "%s", message);
    cr_assert_str_eq(options.name, "web");
    cr_assert_str_eq(options.gpus, "1", "the command line goes before the file");
    cr_assert_str_eq(options.threads.text, "8");
    cr_assert_str_eq(options.max_files.text, "100");
    cr_assert_str_eq(options.caps, "compute, video");
    cr_assert_str_eq(options.driver.driver, "580.65.06");
    cr_assert_str_eq(options.driver.policy, "known");
    instance_options_clear(&options);
}

static const struct {
    const char *text;
    const char *begins; /* the beginning of the message after the path */
    const char *has;
} bad[] = {
    {"[instance]\n\n# c\ngpu = all\n", ":4: ", "unknown option 'gpu'; did you mean 'gpus'?"},
    {"[instance]\ncolour = red\n", ":2: ", "expected one of: name, gpus, "},
    {"[instances]\ngpus = all\n", ":1: ", "did you mean 'instance'?"},
    {"gpus = all\n", ":1: ", "comes before [instance]"},
    {"[instance]\ngpus = all\ncaps = video\ngpus = 0\n", ":4: ", "line 2 sets it too"},
    {"[instance]\ngpus\n", ":2: ", "expected KEY = VALUE"},
    {"[instance\n", ":1: ", "expected [instance]"},
    {"[instance]\ngpus = 0,x\n", ":2: gpus: ", "by index as nvidia-smi shows it"},
    {"[instance]\ncaps = compute,vido\n", ":2: caps: ", "vido"},
    {"[instance]\nthreads = many\n", ":2: threads: ", "many"},
    {"[instance]\nthreads = 0\n", ":2: threads: ", "0"},
    {"[instance]\nmax-files = 99999999\n", ":2: max-files: ", "1048576"},
    {"[instance]\nname = ../x\n", ":2: name: ", "cannot be an instance's name"},
    {"[instance]\ndriver = new\n", ":2: driver: ", "new"},
    {"[instance]\ndriver-policy = any\n", ":2: driver-policy: ", "any"},
    {"[instance]\nopens = none\n", ":2: opens: ", "usual or all"},
    {"[instance]\nuvm-sharing = all\n", ":2: uvm-sharing: ", "process or multi-process"},
    {"[instance]\non-worker-death = weep\n", ":2: on-worker-death: ", "end or restart"},
    {"[instance]\ngpu-memory = 20\n", ":2: gpu-memory: ", "'20': expected a size like 512M or 20G"},
    {"[instance]\ngpu-memory = 0=20G,=1G\n", ":2: gpu-memory: ", "expected a GPU before the "},
    {"[instance]\npinned-memory = 0=20G\n", ":2: pinned-memory: ", "expected a size"},
    {"[instance]\nmanaged-memory = yes\n", ":2: managed-memory: ", "free or refuse"},
    {"[instance]\nname = a\\q\n", ":2: ", "name"},
    {"[instance]\nname =\n", ":2: ", "'name' has no value"},
    {"[instance]\nname = \xff\n", ": expected a text file", ""},
};

Test(config, names_the_line_that_is_wrong)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        InstanceOptions options = {0};
        g_autofree char *message = NULL;

        cr_assert_not(load(&options, bad[i].text, &message), "%s", bad[i].text);
        cr_assert(message && g_str_has_prefix(message, bad[i].begins), "%s: %s", bad[i].text,
                  message);
        cr_assert(message && strstr(message, bad[i].has), "%s: %s", bad[i].text, message);
        instance_options_clear(&options);
    }
}

Test(config, a_value_is_checked_even_where_the_command_line_goes_before_it)
{
    InstanceOptions options = {.caps = g_strdup("compute")};
    g_autofree char *message = NULL;

    cr_assert_not(load(&options, "[instance]\ncaps = vido\n", &message));
    instance_options_clear(&options);
}

static const struct {
    InstanceOptions options;
    const char *message;
} wrong[] = {
    {{.transport = (char[]){"x"}}, "--transport: 'x': expected auto, cuse or notify"},
    {{.guest_memory = (char[]){"all"}}, "--guest-memory: 'all': expected auto, direct or retry"},
    {{.on_worker_death = (char[]){"weep"}}, "--on-worker-death: 'weep': expected end or restart"},
    {{.opens = (char[]){"none"}}, "--opens: 'none': expected usual or all"},
    {{.uvm_sharing = (char[]){"all"}}, "--uvm-sharing: 'all': expected process or multi-process"},
    {{.gpu_memory = (char[]){"20Q"}}, "--gpu-memory: '20Q': expected a size like 512M or 20G"},
    {{.pinned_memory = (char[]){"0"}}, "--pinned-memory: '0': expected a size like 512M or 20G"},
    {{.managed_memory = (char[]){"no"}}, "--managed-memory: 'no': expected free or refuse"},
    {{.threads = {.text = (char[]){"5000"}}},
     "--threads: '5000': expected a number from 1 to 1024"},
    {{.threads = {.text = (char[]){"0"}}}, "--threads: '0': expected a number from 1 to 1024"},
    {{.max_files = {.text = (char[]){"-1"}}}, "--max-files: '-1': expected a number from 1 to "},
    {{.textfile_dir = (char[]){"here"}}, "--textfile-dir: 'here': expected an absolute path"},
};

Test(options, a_wrong_value_is_named_with_its_option)
{
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        InstanceOptions options = wrong[i].options;
        g_autoptr(GError) error = NULL;

        cr_assert_not(instance_options_check(&options, &error), "%s", wrong[i].message);
        cr_assert(g_str_has_prefix(error->message, wrong[i].message), "%s", error->message);
    }
}

Test(options, numbers_that_were_not_given_have_their_initial_values)
{
    InstanceOptions options = {.threads = {.text = g_strdup("8")}};
    g_autoptr(GError) error = NULL;

    cr_assert(instance_options_check(&options, &error));
    cr_assert_eq(options.threads.value, 8);
    cr_assert_eq(options.max_files.value, PROXY_FILES_DEFAULT);
    cr_assert_eq(options.record_limit.value, 1024);
    instance_options_clear(&options);
}

Test(options, an_old_name_sets_the_present_option)
{
    InstanceOptions options = {0};
    InstanceOptions both = {.call_log = g_strdup("new"), .trace = g_strdup("old")};
    g_autofree char *message = NULL;

    cr_assert(load(&options, "[instance]\ntrace = calls.txt\n", &message), "%s", message);
    cr_assert(instance_options_check(&options, NULL));
    cr_assert_str_eq(options.call_log, "calls.txt");
    cr_assert_null(options.trace);
    instance_options_clear(&options);
    cr_assert(instance_options_check(&both, NULL));
    cr_assert_str_eq(both.call_log, "new");
    instance_options_clear(&both);
    both = (InstanceOptions){.trace = g_strdup("command line")};
    g_free(message);
    cr_assert(load(&both, "[instance]\ncall-log = file\n", &message), "%s", message);
    cr_assert(instance_options_check(&both, NULL));
    cr_assert_str_eq(both.call_log, "command line");
    instance_options_clear(&both);
}
