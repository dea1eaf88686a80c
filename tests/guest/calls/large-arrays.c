/* SPDX-License-Identifier: Apache-2.0 */
/* Pass arrays of up to the driver's maximum, from a process, its child and a thread. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/control/ctrl2080-bus.h"
#include "tests/guest/rm.h"

enum {
    MEBIBYTE = 1024 * 1024,
    MARGIN = 64, /* bytes behind an array, which must not change */
    LEGACY = 0x20808123,
    ALL_OF_CUSE = 128 * 1024,
};

static unsigned char *array_new(size_t size)
{
    unsigned char *array = malloc(size + MARGIN);

    for (size_t i = 0; i < size; i++) {
        array[i] = (unsigned char)(i * 7 + i / 251);
    }
    memset(array + size, 0xa5, MARGIN);
    return array;
}

static bool margin_is_whole(const unsigned char *array, size_t size)
{
    for (size_t i = 0; i < MARGIN; i++) {
        if (array[size + i] != 0xa5) {
            return false;
        }
    }
    return true;
}

static void say_array(const char *what, int64_t result, unsigned char *array, size_t size)
{
    say("%s: %s, %016llx, %s", what, status(result), (unsigned long long)hash(array, size),
        margin_is_whole(array, size) ? "no more" : "more than that");
    free(array);
}

static void list(const Tree *t, NvU32 elements)
{
    size_t size = (size_t)elements * 8;
    unsigned char *array = array_new(size);
    Params params = control_params(NV2080_CTRL_CMD_BUS_GET_INFO);

    params_put(&params, "busInfoListSize", 0, elements);
    params_put(&params, "busInfoList", 0, (uintptr_t)array);
    int64_t result = rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_BUS_GET_INFO,
                                params.data, params.size);
    say("%u elements, pointer %s", elements,
        params_get(&params, "busInfoList", 0) == (uintptr_t)array ? "kept" : "changed");
    params_free(&params);
    say_array("list", result, array, size);
}

static void output(const Tree *t, NvU32 size)
{
    unsigned char *array = array_new(size);
    Params params = control_params(NV0080_CTRL_CMD_FB_GET_CAPS);

    params_put(&params, "capsTblSize", 0, size);
    params_put(&params, "capsTbl", 0, (uintptr_t)array);
    int64_t result = rm_control(t->ctl, t->client, H_DEVICE, NV0080_CTRL_CMD_FB_GET_CAPS,
                                params.data, params.size);
    params_free(&params);
    say_array("output", result, array, size);
}

static void two_lists(const Tree *t, NvU32 elements)
{
    size_t size = (size_t)elements * 4;
    unsigned char *handles = array_new(size);
    unsigned char *channels = array_new(size);
    Params params = control_params(NV0080_CTRL_CMD_FIFO_GET_CHANNELLIST);

    params_put(&params, "numChannels", 0, elements);
    params_put(&params, "pChannelHandleList", 0, (uintptr_t)handles);
    params_put(&params, "pChannelList", 0, (uintptr_t)channels);
    int64_t result = rm_control(t->ctl, t->client, H_DEVICE, NV0080_CTRL_CMD_FIFO_GET_CHANNELLIST,
                                params.data, params.size);
    params_free(&params);
    say_array("handles", result, handles, size);
    say_array("channels", result, channels, size);
}

static void parameters(const Tree *t, NvU32 size)
{
    unsigned char *params = array_new(size);

    say_array("parameters", rm_control(t->ctl, t->client, H_SUBDEVICE, LEGACY, params, size),
              params, size);
}

static void in_child(const Tree *t)
{
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        list(t, MEBIBYTE / 8);
        (void)fflush(stdout);
        _exit(EXIT_SUCCESS);
    }
    waitpid(child, NULL, 0);
}

static void *run_thread(void *data)
{
    list(data, MEBIBYTE / 8);
    return NULL;
}

static void in_thread(Tree *t)
{
    pthread_t thread;

    pthread_create(&thread, NULL, run_thread, t);
    pthread_join(thread, NULL);
}

int main(void)
{
    Tree t = tree();

    section("lists");
    list(&t, 4);
    list(&t, ALL_OF_CUSE / 8);
    list(&t, MEBIBYTE / 8);
    list(&t, MEBIBYTE / 8 + 1);
    section("output");
    output(&t, ALL_OF_CUSE);
    output(&t, MEBIBYTE);
    section("two-lists");
    two_lists(&t, MEBIBYTE / 4);
    section("parameters");
    parameters(&t, ALL_OF_CUSE - 32);
    parameters(&t, ALL_OF_CUSE);
    parameters(&t, MEBIBYTE);
    section("child-and-thread");
    in_child(&t);
    in_thread(&t);
    tree_close(&t);
    return 0;
}
