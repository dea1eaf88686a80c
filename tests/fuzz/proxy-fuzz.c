/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every handler, through the fake host: the input is a guest. It opens, closes and calls; its
 * memory is the input as well, and changes between the rounds of a call. The host answers what the
 * input says.
 *
 * Beside what the sanitizers find: the host is only ever asked on files that it opened, with a
 * command word that the driver's table has, and never twice for one call.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/nv-ioctl.h"
#include "tests/unit/fake-host.h"

enum { FILES_MAX = 8, CALLS_MAX = 64, MUTATIONS_MAX = 6 };

/* What is left of the input; zeroes when it is used up. */
typedef struct {
    const uint8_t *data;
    size_t size;
} Input;

static Input input;

static void take(void *to, size_t n)
{
    size_t have = MIN(n, input.size);

    memset(to, 0, n);
    if (have > 0) {
        memcpy(to, input.data, have);
    }
    input.data += have;
    input.size -= have;
}

static uint8_t take_byte(void)
{
    uint8_t byte;

    take(&byte, 1);
    return byte;
}

static unsigned calls_before;

/* The driver: an errno or success, and bytes of the input over the start of what it was given. */
static int answer(Fake *fake, uint32_t command, void *argument)
{
    bool is_frontend = _IOC_TYPE(command) == NV_IOCTL_MAGIC && _IOC_DIR(command) == 3;
    size_t size = is_frontend ? _IOC_SIZE(command) : 0;
    AbiKind kind = is_frontend ? ABI_FRONTEND : ABI_UVM;
    uint8_t choice = take_byte();

    g_assert_cmpuint(fake->n_calls, ==, calls_before + 1);
    g_assert_cmpint(fake->last.fd, >, HOST_FD_BASE);
    g_assert_nonnull(driver_abi_lookup(fake->abi, kind, is_frontend ? _IOC_NR(command) : command));
    if (argument && size > 0) {
        size_t n = MIN(size, choice & 63);
        uint8_t scribble[64];
        take(scribble, n);
        /* Pointers in it are the handler's own to restore. */
        memcpy((uint8_t *)argument + size - n, scribble, n);
    }
    return choice & 128 ? EINVAL : 0;
}

static void mutate(Fake *fake, unsigned round)
{
    uint16_t where;

    if (round <= MUTATIONS_MAX && (take_byte() & 1)) {
        take(&where, sizeof where);
        *(uint8_t *)fake_at(fake, GUEST_BASE + where) ^= take_byte();
    }
}

/* A command: a number of the table most of the time, with the size of its struct most of the time.
 */
static uint32_t choose_command(Fake *fake, const NvFile *file)
{
    AbiKind kind = file->device->kind == DEVICE_FRONTEND ? ABI_FRONTEND : ABI_UVM;
    size_t n;
    const AbiEntry *entries = driver_abi_entries(fake->abi, kind, &n);
    uint8_t choice = take_byte();
    uint32_t command;

    if (choice == 255) {
        take(&command, sizeof command);
        return command;
    }
    const AbiEntry *entry = &entries[choice % n];
    if (kind == ABI_UVM) {
        return entry->number;
    }
    uint32_t size = entry->layout ? entry->layout->size : 72;
    if (entry->short_layout && (choice & 1)) {
        size = entry->short_layout->size;
    }
    return _IOC(3U, NV_IOCTL_MAGIC, entry->number, size);
}

/* Where the inner tables' numbers are, so that the input need not guess 32 bits. */
static void choose_inner(Fake *fake, uint32_t command)
{
    AbiKind kind = _IOC_NR(command) == NV_ESC_RM_CONTROL ? ABI_CONTROL : ABI_ALLOC;
    size_t at = kind == ABI_CONTROL ? 8 : 12;
    size_t n;
    const AbiEntry *entries = driver_abi_entries(fake->abi, kind, &n);
    uint16_t choice;

    if (_IOC_NR(command) != NV_ESC_RM_CONTROL && _IOC_NR(command) != NV_ESC_RM_ALLOC) {
        return;
    }
    take(&choice, sizeof choice);
    if (choice & 0x8000) {
        return;
    }
    const AbiEntry *entry = &entries[choice % n];
    uint32_t size = entry->layout ? entry->layout->size : 0;
    uint64_t params = GUEST_BASE + 0x1000;
    memcpy(fake_at(fake, GUEST_BASE + at), &entry->number, 4);
    memcpy(fake_at(fake, GUEST_BASE + 16), &params, 8);
    if (kind == ABI_CONTROL) {
        memcpy(fake_at(fake, GUEST_BASE + 24), &size, 4);
    }
}

static void one_call(Fake *fake, NvFile *file)
{
    uint32_t command = choose_command(fake, file);
    uint8_t bytes = take_byte();

    take(fake_at(fake, GUEST_BASE), bytes & 63);
    take(fake_at(fake, GUEST_BASE + 0x1000), bytes);
    choose_inner(fake, command);
    calls_before = fake->n_calls;
    fake_ioctl(fake, file, command, GUEST_BASE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const versions[] = {"535.309.01", "550.90.12", "570.195.03", "610.57.04"};
    uint32_t files[FILES_MAX] = {0};

    input = (Input){data, size};
    g_autoptr(Fake) fake =
        fake_new(versions[take_byte() % G_N_ELEMENTS(versions)], NV_CAPS_SUPPORTED);
    fake->answer = answer;
    fake->between_rounds = mutate;
    for (unsigned i = 0; i < CALLS_MAX && input.size > 0; i++) {
        uint8_t choice = take_byte();
        unsigned slot = choice % FILES_MAX;
        g_autoptr(NvFile) file = nv_file_table_get(fake->proxy.files, files[slot]);
        if (!file) {
            files[slot] = fake_open(fake, (choice >> 3) % 4, (int)slot)->id;
        } else if (choice >= 240) {
            proxy_release(&fake->proxy, files[slot]);
        } else {
            one_call(fake, file);
        }
    }
    for (unsigned slot = 0; slot < FILES_MAX; slot++) {
        proxy_release(&fake->proxy, files[slot]);
    }
    g_assert_cmpuint(fake->n_open, ==, 0);
    g_assert_cmpuint(object_tree_size(fake->proxy.objects).clients, ==, 0);
    return 0;
}
