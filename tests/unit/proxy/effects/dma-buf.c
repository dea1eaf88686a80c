/* SPDX-License-Identifier: Apache-2.0 */
/* Exporting memory as a dma-buf: the driver's descriptor stays in the worker, and the guest gets a file that stands for it. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/nv-ioctl.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"
#include "version-tree/show/abi-layouts.h"

enum { CLIENT = 0xc1d00001, CTL_FD = 3, GPU_FD = 4, HOST_DMA_BUF = 4321, PARAMS_MAX = 4096 };

static Fake *fake;
static NvFile *gpu;
static const AbiLayout *layout;
static NvU32 next_status;
static int32_t next_fd;
static uint8_t params[PARAMS_MAX];

static void put(void *p, const char *member, uint32_t value)
{
    memcpy((char *)p + abi_layout_field(layout, member)->offset, &value, sizeof value);
}

static int32_t get(const void *p, const char *member)
{
    int32_t value;

    memcpy(&value, (const char *)p + abi_layout_field(layout, member)->offset, sizeof value);
    return value;
}

/* Answer like the driver: -1 becomes a new descriptor. */
static int answer(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    (void)command;
    put(argument, "status", next_status);
    if (get(argument, "fd") < 0) {
        put(argument, "fd", (uint32_t)next_fd);
    }
    return 0;
}

static void setup(void)
{
    const GuestProcess process = {FAKE_PROCESS, 1000};

    fake = fake_new("570.86.15", NV_CAPS_DEFAULT | NV_CAP_RDMA);
    NvFile *ctl = fake_open(fake, FAKE_CTL, CTL_FD);
    gpu = fake_open(fake, FAKE_GPU, GPU_FD);
    layout = driver_abi_lookup(fake->abi, ABI_FRONTEND, NV_ESC_EXPORT_TO_DMABUF_FD)->layout;
    cr_assert_leq(layout->size, PARAMS_MAX);
    object_tree_add_client(fake->proxy.objects, CLIENT, ctl->id, &process);
    fake->answer = answer;
    next_status = NV_OK;
    next_fd = HOST_DMA_BUF;
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(dma_buf, .init = setup, .fini = teardown);

/* Export. Returns: errno value; the answer is in params. */
static int export(int32_t fd)
{
    memset(params, 0, sizeof params);
    put(params, "hClient", CLIENT);
    put(params, "fd", (uint32_t)fd);
    return fake_frontend(fake, gpu, NV_ESC_EXPORT_TO_DMABUF_FD, params, layout->size);
}

static NvFile *installed(void)
{
    uint32_t id =
        GPOINTER_TO_UINT(g_hash_table_lookup(fake->guest_fd, GINT_TO_POINTER(FAKE_INSTALLED_FD)));

    return id ? nv_file_table_get(fake->proxy.files, id) : NULL;
}

Test(dma_buf, a_new_one_is_held_for_the_guest)
{
    cr_assert_eq(export(-1), 0);
    cr_assert_eq(get(params, "fd"), FAKE_INSTALLED_FD);
    g_autoptr(NvFile) file = installed();
    cr_assert_not_null(file);
    cr_assert_eq(nv_file_fd(file), HOST_DMA_BUF);
    cr_assert_eq(file->device->kind, DEVICE_DMA_BUF);
}

Test(dma_buf, is_extended_by_the_guests_file)
{
    cr_assert_eq(export(-1), 0);
    cr_assert_eq(export(FAKE_INSTALLED_FD), 0);
    cr_assert_eq(get(fake->last.argument, "fd"), HOST_DMA_BUF);
    cr_assert_eq(get(params, "fd"), FAKE_INSTALLED_FD, "the host's descriptor got out");
}

Test(dma_buf, that_cannot_be_followed_is_not_handed_out)
{
    const unsigned n_open = fake->n_open;

    fake->no_follow = ENFILE;
    cr_expect_eq(export(-1), ENFILE);
    cr_expect_eq(fake->request.event.refusal, REFUSAL_LIMIT);
    cr_expect_null(installed());
    cr_expect_eq(fake->n_open, n_open - 1, "the dma-buf, which the driver opened");
}

Test(dma_buf, takes_no_other_file)
{
    const int wrong[] = {CTL_FD, GPU_FD, 99};

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        cr_assert_eq(export(wrong[i]), EINVAL);
        cr_assert_eq(fake->request.event.refusal, REFUSAL_BAD_FD);
    }
    cr_assert_eq(fake->n_calls, 0);
}

Test(dma_buf, that_the_driver_refuses_installs_nothing)
{
    next_status = NV_ERR_INVALID_ARGUMENT;
    cr_assert_eq(export(-1), 0);
    cr_assert_eq(get(params, "status"), NV_ERR_INVALID_ARGUMENT);
    cr_assert_eq(get(params, "fd"), -1, "whatever the driver left there");
    cr_assert_null(installed());
}

Test(dma_buf, goes_when_the_guest_closes_its_file)
{
    const unsigned open_before = fake->n_open;

    cr_assert_eq(export(-1), 0);
    g_autoptr(NvFile) file = installed();
    const uint32_t id = file->id;
    g_clear_pointer(&file, nv_file_unref);
    proxy_release(&fake->proxy, id);
    cr_assert_eq(fake->n_open, open_before - 1, "the fake host did not count it as opened");
}

Test(dma_buf, that_cannot_be_handed_out_goes)
{
    const unsigned open_before = fake->n_open;

    fake->no_entry = EMFILE;
    cr_assert_eq(export(-1), EMFILE);
    cr_assert_eq(fake->n_open, open_before - 1);
}

static void close_at_once(Fake *f, uint32_t id)
{
    proxy_release(&f->proxy, id);
}

Test(dma_buf, that_the_guest_closes_at_once_goes)
{
    const unsigned open_before = fake->n_open;

    fake->after_install = close_at_once;
    cr_assert_eq(export(-1), 0);
    cr_assert_eq(fake->n_open, open_before - 1);
}

static void use_at_once(Fake *f, uint32_t id)
{
    (void)id;
    put(fake_at(f, GUEST_BASE + 0x8000), "fd", FAKE_INSTALLED_FD);
    Request outer = f->request;
    f->after_install = NULL;
    cr_assert_eq(fake_ioctl(f, gpu,
                            (uint32_t)_IOC(3U, 'F', NV_ESC_EXPORT_TO_DMABUF_FD, layout->size),
                            GUEST_BASE + 0x8000),
                 EINVAL);
    f->request = outer;
}

Test(dma_buf, half_made_cannot_be_used)
{
    fake->after_install = use_at_once;
    cr_assert_eq(export(-1), 0);
    cr_assert_eq(fake->n_calls, 1);
}

Test(dma_buf, needs_its_capability)
{
    fake->proxy.caps = NV_CAPS_DEFAULT;
    cr_assert_eq(export(-1), EINVAL);
    cr_assert_eq(fake->request.event.refusal, REFUSAL_CAPABILITY);
}

Test(dma_buf, file_can_do_nothing_else)
{
    cr_assert_eq(export(-1), 0);
    g_autoptr(NvFile) file = installed();
    cr_assert_eq(fake_ioctl(fake, file, 0xc0084627, GUEST_BASE), ENOTTY);
    cr_assert_eq(fake->n_calls, 1);
}
