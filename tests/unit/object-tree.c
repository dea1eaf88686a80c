/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "cuse-server/proxy/object-tree.h"

enum { CLIENT = 0xc1d00001, OTHER = 0xc1d00002, FILE_A = 1, FILE_B = 2 };

static void add(ObjectTree *tree, uint32_t client_handle, uint32_t handle, uint32_t parent,
                uint32_t other)
{
    const uint32_t dependencies[] = {parent, other};
    Client *client = object_tree_lock(tree, client_handle);

    cr_assert_not_null(client);
    client_add(client, handle, 0x80, dependencies, 2);
    object_tree_unlock(client);
}

static void free_object(ObjectTree *tree, uint32_t client_handle, uint32_t handle)
{
    Client *client = object_tree_lock(tree, client_handle);

    cr_assert_not_null(client);
    client_free(tree, client, handle);
    object_tree_unlock(client);
}

static size_t objects(ObjectTree *tree)
{
    return object_tree_size(tree).objects;
}

Test(object_tree, unknown_client_is_null)
{
    g_autoptr(ObjectTree) tree = object_tree_new();

    cr_assert_null(object_tree_lock(tree, CLIENT));
}

Test(object_tree, freeing_an_object_frees_what_depends_on_it_and_nothing_else)
{
    g_autoptr(ObjectTree) tree = object_tree_new();

    object_tree_add_client(tree, CLIENT, FILE_A);
    add(tree, CLIENT, 10, CLIENT, 0);
    add(tree, CLIENT, 11, CLIENT, 0);
    add(tree, CLIENT, 20, 10, 0);
    add(tree, CLIENT, 30, 20, 11); /* depends on 20 and, across, on 11 */
    add(tree, CLIENT, 40, 11, 0);
    cr_assert_eq(objects(tree), 6);

    free_object(tree, CLIENT, 10);
    cr_assert_eq(objects(tree), 3, "10, 20 and 30 are gone; the client, 11 and 40 are left");
    free_object(tree, CLIENT, 11); /* 30 must have left its list */
    cr_assert_eq(objects(tree), 1);
}

Test(object_tree, an_object_with_two_ways_to_go_is_freed_once)
{
    g_autoptr(ObjectTree) tree = object_tree_new();

    object_tree_add_client(tree, CLIENT, FILE_A);
    add(tree, CLIENT, 10, CLIENT, 0);
    add(tree, CLIENT, 20, 10, 0);
    add(tree, CLIENT, 21, 10, 0);
    add(tree, CLIENT, 30, 20, 21);
    free_object(tree, CLIENT, 10);
    cr_assert_eq(objects(tree), 1);
}

Test(object_tree, odd_handles)
{
    g_autoptr(ObjectTree) tree = object_tree_new();

    object_tree_add_client(tree, CLIENT, FILE_A);
    add(tree, CLIENT, 0, CLIENT, 0); /* not recorded */
    cr_assert_eq(objects(tree), 1);
    add(tree, CLIENT, 10, 999, 0); /* unknown parent: recorded without the edge */
    cr_assert_eq(objects(tree), 2);
    add(tree, CLIENT, 20, 10, 10);    /* the same dependency twice */
    add(tree, CLIENT, 20, CLIENT, 0); /* replaced: no longer below 10 */
    free_object(tree, CLIENT, 10);
    cr_assert_eq(objects(tree), 2);
    free_object(tree, CLIENT, 12345); /* unknown: nothing happens */
    cr_assert_eq(objects(tree), 2);
    add(tree, CLIENT, CLIENT, 0, 0); /* the client's own handle cannot be taken */
    cr_assert_eq(objects(tree), 2);
    free_object(tree, CLIENT, CLIENT);
    cr_assert_eq(object_tree_size(tree).clients, 0);
    cr_assert_null(object_tree_lock(tree, CLIENT));
}

Test(object_tree, closing_a_file_ends_its_clients)
{
    g_autoptr(ObjectTree) tree = object_tree_new();

    object_tree_add_client(tree, CLIENT, FILE_A);
    object_tree_add_client(tree, OTHER, FILE_B);
    add(tree, CLIENT, 10, CLIENT, 0);
    add(tree, OTHER, 10, OTHER, 0);
    object_tree_close(tree, FILE_A);
    cr_assert_null(object_tree_lock(tree, CLIENT));
    cr_assert_eq(objects(tree), 2);
}

Test(object_tree, a_new_client_with_an_old_handle_starts_empty)
{
    g_autoptr(ObjectTree) tree = object_tree_new();

    object_tree_add_client(tree, CLIENT, FILE_A);
    add(tree, CLIENT, 10, CLIENT, 0);
    object_tree_add_client(tree, CLIENT, FILE_B);
    cr_assert_eq(objects(tree), 1);
    object_tree_close(tree, FILE_A);
    cr_assert_eq(object_tree_size(tree).clients, 1);
}

Test(object_tree, depth_is_the_guests_to_choose)
{
    g_autoptr(ObjectTree) tree = object_tree_new();
    enum { DEPTH = 200000 };

    object_tree_add_client(tree, CLIENT, FILE_A);
    for (uint32_t i = 1; i <= DEPTH; i++) {
        add(tree, CLIENT, i, i == 1 ? CLIENT : i - 1, 0);
    }
    free_object(tree, CLIENT, 1);
    cr_assert_eq(objects(tree), 1);
}

static gpointer churn(gpointer data)
{
    ObjectTree *tree = data;

    for (uint32_t i = 1; i < 2000; i++) {
        Client *client = object_tree_lock(tree, CLIENT);
        if (client) {
            client_add(client, i, 1, (const uint32_t[]){CLIENT}, 1);
            client_free(tree, client, i % 100 == 0 ? CLIENT : i);
            object_tree_unlock(client);
        } else {
            object_tree_add_client(tree, CLIENT, FILE_A);
        }
    }
    return NULL;
}

Test(object_tree, threads_that_free_a_client_under_each_other)
{
    g_autoptr(ObjectTree) tree = object_tree_new();
    GThread *threads[4];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("churn", churn, tree);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    object_tree_close(tree, FILE_A);
    cr_assert_eq(object_tree_size(tree).clients, 0);
}
