/* SPDX-License-Identifier: Apache-2.0 */
/* What counts against the limits of an instance, and until when: until the driver has released it. */
#include <errno.h>

#include <criterion/criterion.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/fake-host.h"

enum { FILES = 16, CLIENTS = 4, OBJECTS = 64 }; /* fake_new() */

static Fake *fake;
static NvHandle next_client;

static int answer(Fake *f, uint32_t command, void *argument)
{
    NVOS64_PARAMETERS *alloc = argument;

    (void)f;
    (void)command;
    if (alloc->hObjectNew == 0) {
        alloc->hObjectNew = next_client++;
    }
    alloc->status = NV_OK;
    return 0;
}

static void setup(void)
{
    fake = fake_new("580.105.08", NV_CAPS_DEFAULT);
    fake->answer = answer;
    next_client = 0xc1d00001;
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(limits, .init = setup, .fini = teardown);

/* An open file, whose host file the driver keeps when it is closed; NULL: refused. */
static NvFile *open_kept(void)
{
    NvFile *file = NULL;
    int error = proxy_open(&fake->proxy, FAKE_CTL, 2, &file);

    if (error) {
        cr_assert_eq(error, ENFILE);
        return NULL;
    }
    g_hash_table_insert(fake->kept, GINT_TO_POINTER(nv_file_fd(file)), GINT_TO_POINTER(1));
    nv_file_unref(file);
    return file;
}

static NvU32 alloc(NvFile *file, NvHandle root, NvV32 class, NvHandle *object)
{
    NVOS64_PARAMETERS p = {
        .hRoot = root, .hObjectParent = root, .hObjectNew = *object, .hClass = class};

    cr_assert_eq(fake_frontend(fake, file, NV_ESC_RM_ALLOC, &p, sizeof p), 0);
    *object = p.hObjectNew;
    return p.status;
}

/* Clients, each through a file of its own that is closed and kept. Returns the last status. */
static NvU32 make_clients(unsigned n, unsigned objects)
{
    NvU32 status = NV_OK;

    for (unsigned i = 0; i < n && status == NV_OK; i++) {
        NvHandle client = 0;
        NvFile *file = open_kept();
        cr_assert_not_null(file);
        status = alloc(file, 0, NV01_ROOT_CLIENT, &client);
        for (NvHandle o = 1; o <= objects && status == NV_OK; o++) {
            NvHandle object = 0x5c000000 + o;
            status = alloc(file, client, NV01_DEVICE_0, &object);
        }
        proxy_release(&fake->proxy, file->id);
    }
    return status;
}

static void driver_lets_go(void)
{
    GHashTableIter iter;

    g_hash_table_iter_init(&iter, fake->kept);
    while (g_hash_table_iter_next(&iter, NULL, NULL)) {
        g_hash_table_iter_replace(&iter, NULL);
    }
}

Test(limits, a_closed_file_counts_until_the_driver_has_released_it)
{
    for (unsigned i = 0; i < FILES; i++) {
        NvFile *file = open_kept();
        cr_assert_not_null(file, "%u", i);
        proxy_release(&fake->proxy, file->id);
    }
    cr_expect_eq(fake->n_open, 0, "none is open");
    cr_expect_eq(nv_file_table_size(fake->proxy.files), FILES);
    cr_expect_null(open_kept(), "one more than there may be");
    driver_lets_go();
    cr_expect_not_null(open_kept());
    cr_expect_eq(nv_file_table_size(fake->proxy.files), 1);
}

Test(limits, one_that_is_let_go_makes_room_for_one)
{
    int first = 0;

    for (unsigned i = 0; i < FILES; i++) {
        NvFile *file = open_kept();
        first = i == 0 ? nv_file_fd(file) : first;
        proxy_release(&fake->proxy, file->id);
    }
    g_hash_table_insert(fake->kept, GINT_TO_POINTER(first), NULL);
    cr_expect_not_null(open_kept());
    cr_expect_null(open_kept());
}

Test(limits, so_do_the_clients_of_a_closed_file)
{
    cr_expect_eq(make_clients(CLIENTS + 1, 0), NV_ERR_INSUFFICIENT_RESOURCES);
    cr_expect_eq(fake->request.event.refusal, REFUSAL_LIMIT);
    cr_expect_eq(object_tree_size(fake->proxy.objects).clients, CLIENTS);
    cr_expect_eq(fake->n_calls, CLIENTS, "the driver was asked for one more");
    driver_lets_go();
    cr_expect_eq(make_clients(CLIENTS, 0), NV_OK);
}

Test(limits, and_their_objects)
{
    const unsigned each = OBJECTS / 3; /* with the client itself one more: the last does not fit */

    cr_expect_eq(make_clients(3, each), NV_ERR_INSUFFICIENT_RESOURCES);
    cr_expect_eq(fake->request.event.refusal, REFUSAL_LIMIT);
    cr_expect_eq(object_tree_size(fake->proxy.objects).objects, OBJECTS);
    driver_lets_go();
    cr_expect_eq(make_clients(2, each), NV_OK);
}

Test(limits, what_the_driver_lets_go_is_noticed_as_files_are_closed)
{
    make_clients(CLIENTS, 2);
    driver_lets_go();
    NvFile *file = fake_open(fake, FAKE_CTL, 3);
    proxy_release(&fake->proxy, file->id);
    cr_expect_eq(object_tree_size(fake->proxy.objects).clients, 0);
    cr_expect_eq(nv_file_table_size(fake->proxy.files), 0);
    cr_expect_eq(fake->n_remnants, 0);
}

Test(limits, a_file_that_a_call_keeps_open_counts_until_it_is_closed)
{
    NvHandle client = 0;
    NvFile *file = fake_open(fake, FAKE_CTL, 3);

    cr_assert_eq(alloc(file, 0, NV01_ROOT_CLIENT, &client), NV_OK);
    nv_file_ref(file); /* a call in progress */
    proxy_release(&fake->proxy, file->id);
    cr_expect_eq(fake->n_open, 1);
    cr_expect_eq(nv_file_table_size(fake->proxy.files), 1);
    cr_expect_eq(object_tree_size(fake->proxy.objects).clients, 1, "the driver has it still");
    nv_file_unref(file);
    nv_file_table_settle(fake->proxy.files, 0);
    cr_expect_eq(nv_file_table_size(fake->proxy.files), 0);
    cr_expect_eq(object_tree_size(fake->proxy.objects).clients, 0);
}

Test(limits, an_instance_ends_with_files_that_the_driver_keeps)
{
    make_clients(CLIENTS, 2);
    cr_expect_eq(fake->n_remnants, CLIENTS); /* fake_free() looks that none is left */
}
