/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of an instance: what counts, until the driver has released it. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"

enum { FILES = 16, CLIENTS = 4, OBJECTS = 64 }; /* fake_new() */

typedef NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS ExportOne;
typedef NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS ExportMany;
typedef NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS ImportOne;
typedef NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS ImportMany;

static Fake *fake;
static NvHandle next_client;

/* The driver exports and imports; every second place of an imported file is empty. */
static void answer_control(NVOS54_PARAMETERS *outer)
{
    ImportMany *many = (ImportMany *)(uintptr_t)outer->params;

    outer->status = NV_OK;
    if (outer->cmd == NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD) {
        for (unsigned i = 0; i < many->numObjects; i++) {
            many->objectTypes[i] = i % 2 == 0;
        }
    }
}

static int answer(Fake *f, uint32_t command, void *argument)
{
    NVOS64_PARAMETERS *alloc = argument;

    (void)f;
    if (_IOC_NR(command) == NV_ESC_RM_CONTROL) {
        answer_control(argument);
        return 0;
    }
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

/* Open a file whose host file the driver keeps after it is closed. Returns: NULL if it was refused. */
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

/* Make clients, each through a file of its own that is closed and kept. Returns: the last status. */
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
    const unsigned each = OBJECTS / 3; /* together with the client one too many for the last */

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
    cr_expect_eq(fake->n_remnants, CLIENTS); /* fake_free() checks that none is left */
}

/* --- objects that files hold, and what is imported -------------------------------------------- */

enum { EXPORT_FD = 7, PARAMS = GUEST_BASE + 0x1000, DEVICE = 0x5c000001 };

static NvFile *ctl;
static NvHandle client;

static void begin_exports(void)
{
    ctl = fake_open(fake, FAKE_CTL, 3);
    cr_assert_eq(alloc(ctl, 0, NV01_ROOT_CLIENT, &client), NV_OK);
    fake_open(fake, FAKE_CTL, EXPORT_FD);
}

static NvU32 control(NvV32 command, const void *params, size_t size)
{
    NVOS54_PARAMETERS p = {.hClient = client,
                           .hObject = client,
                           .cmd = command,
                           .params = PARAMS,
                           .paramsSize = (NvU32)size};

    memcpy(fake_at(fake, PARAMS), params, size);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &p, sizeof p), 0);
    return p.status;
}

static NvU32 export_many(NvU16 index, NvU16 n)
{
    const ExportMany params = {.fd = EXPORT_FD, .numObjects = n, .index = index};

    return control(NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD, &params, sizeof params);
}

static unsigned n_objects(void)
{
    return object_tree_size(fake->proxy.objects).objects;
}

Test(limits, an_exported_object_counts_as_long_as_its_file_is_there)
{
    const ExportOne one = {.fd = EXPORT_FD};

    begin_exports();
    cr_expect_eq(control(NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECT_TO_FD, &one, sizeof one), NV_OK);
    cr_expect_eq(n_objects(), 1 + 1);
    cr_expect_eq(export_many(0, 10), NV_OK);
    cr_expect_eq(n_objects(), 1 + 10);
    cr_expect_eq(export_many(4, 6), NV_OK, "in the same places");
    cr_expect_eq(n_objects(), 1 + 10);
    proxy_release(&fake->proxy, ctl->id);
    cr_expect_eq(n_objects(), 10, "the client is gone, and its file");
    for (uint32_t id = 1; id <= 2; id++) {
        proxy_release(&fake->proxy, id);
    }
    cr_expect_eq(n_objects(), 0);
}

Test(limits, no_more_is_exported_than_there_may_be)
{
    begin_exports();
    cr_expect_eq(export_many(0, OBJECTS), NV_ERR_INSUFFICIENT_RESOURCES);
    cr_expect_eq(fake->request.event.refusal, REFUSAL_LIMIT);
    cr_expect_eq(export_many(0, UINT16_MAX), NV_ERR_INSUFFICIENT_RESOURCES);
    cr_expect_eq(fake->n_calls, 1, "the host was asked to export");
    cr_expect_eq(export_many(0, OBJECTS - 1), NV_OK);
    cr_expect_eq(n_objects(), OBJECTS);
    cr_expect_eq(export_many(0, 1), NV_ERR_INSUFFICIENT_RESOURCES);
}

Test(limits, what_is_imported_counts)
{
    ImportOne one = {.fd = EXPORT_FD};
    ImportMany many = {.fd = EXPORT_FD, .hParent = client, .numObjects = 4};
    NvU32 status = NV_OK;
    unsigned n = 0;

    begin_exports();
    one.object.data.rmObject.hParent = client;
    for (; n < 2 * OBJECTS && status == NV_OK; n++) {
        one.object.data.rmObject.hObject = DEVICE + n;
        status = control(NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD, &one, sizeof one);
    }
    cr_expect_eq(status, NV_ERR_INSUFFICIENT_RESOURCES);
    cr_expect_eq(n, OBJECTS);
    cr_expect_eq(n_objects(), OBJECTS);
    cr_expect_eq(control(NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD, &many, sizeof many),
                 NV_ERR_INSUFFICIENT_RESOURCES);
}

/* The client of the call is gone with its file, but nobody reports that before room is needed: then nothing may be locked. */
Test(limits, room_is_looked_for_before_the_client_is_locked, .timeout = 20)
{
    const ImportMany many = {.fd = EXPORT_FD, .numObjects = OBJECTS};
    NvFile *file = open_kept();

    cr_assert_eq(alloc(file, 0, NV01_ROOT_CLIENT, &client), NV_OK);
    ctl = fake_open(fake, FAKE_CTL, 3);
    fake_open(fake, FAKE_CTL, EXPORT_FD);
    proxy_release(&fake->proxy, file->id);
    driver_lets_go();
    cr_expect_eq(control(NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD, &many, sizeof many),
                 NV_ERR_INVALID_CLIENT);
    cr_expect_eq(n_objects(), 0);
}

Test(limits, what_was_not_imported_takes_no_objects_place)
{
    ImportMany many = {.fd = EXPORT_FD, .numObjects = 4};
    NvHandle device = DEVICE;

    begin_exports();
    cr_assert_eq(alloc(ctl, client, NV01_DEVICE_0, &device), NV_OK);
    many.hParent = client;
    for (NvHandle i = 0; i < 4; i++) {
        many.objects[i] = i % 2 == 0 ? DEVICE + 1 + i : DEVICE;
    }
    cr_expect_eq(control(NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD, &many, sizeof many),
                 NV_OK);
    cr_expect_eq(n_objects(), 1 + 1 + 2);
    Client *locked = object_tree_lock(fake->proxy.objects, client);
    uint32_t object_class = 0;
    cr_expect(client_class(locked, DEVICE, &object_class));
    cr_expect_eq(object_class, NV01_DEVICE_0);
    object_tree_unlock(locked);
}
