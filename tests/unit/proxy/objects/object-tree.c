/* SPDX-License-Identifier: Apache-2.0 */
/* The trees of guests' objects: what is freed with what, duplicates between clients, locks and limits. */
#include <criterion/criterion.h>

#include "cuse-server/proxy/objects/object-tree.h"

static const ObjectLimits limits = {100, 20000};
static const GuestProcess alice = {1, 1000};

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
    client_free(client, handle);
    object_tree_unlock(client);
}

static size_t objects(ObjectTree *tree)
{
    return object_tree_size(tree).objects;
}

Test(object_tree, unknown_client_is_null)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);

    cr_assert_null(object_tree_lock(tree, CLIENT));
}

Test(object_tree, freeing_an_object_frees_what_depends_on_it_and_nothing_else)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
    add(tree, CLIENT, 10, CLIENT, 0);
    add(tree, CLIENT, 11, CLIENT, 0);
    add(tree, CLIENT, 20, 10, 0);
    add(tree, CLIENT, 30, 20, 11); /* depends on 20 and, in the other branch, on 11 */
    add(tree, CLIENT, 40, 11, 0);
    cr_assert_eq(objects(tree), 6);

    free_object(tree, CLIENT, 10);
    cr_assert_eq(objects(tree), 3, "10, 20 and 30 are gone; the client, 11 and 40 are left");
    free_object(tree, CLIENT, 11); /* 30 must no longer be in its list */
    cr_assert_eq(objects(tree), 1);
}

Test(object_tree, an_object_with_two_ways_to_go_is_freed_once)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
    add(tree, CLIENT, 10, CLIENT, 0);
    add(tree, CLIENT, 20, 10, 0);
    add(tree, CLIENT, 21, 10, 0);
    add(tree, CLIENT, 30, 20, 21);
    free_object(tree, CLIENT, 10);
    cr_assert_eq(objects(tree), 1);
}

Test(object_tree, odd_handles)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
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
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
    object_tree_add_client(tree, OTHER, FILE_B, &alice);
    add(tree, CLIENT, 10, CLIENT, 0);
    add(tree, OTHER, 10, OTHER, 0);
    object_tree_close(tree, FILE_A);
    cr_assert_null(object_tree_lock(tree, CLIENT));
    cr_assert_eq(objects(tree), 2);
}

Test(object_tree, a_new_client_with_an_old_handle_starts_empty)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
    add(tree, CLIENT, 10, CLIENT, 0);
    object_tree_add_client(tree, CLIENT, FILE_B, &alice);
    cr_assert_eq(objects(tree), 1);
    object_tree_close(tree, FILE_A);
    cr_assert_eq(object_tree_size(tree).clients, 1);
}

Test(object_tree, depth_is_the_guests_to_choose)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);
    enum { DEPTH = 200000 };

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
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
            client_free(client, i % 100 == 0 ? CLIENT : i);
            object_tree_unlock(client);
        } else {
            object_tree_add_client(tree, CLIENT, FILE_A, &alice);
        }
    }
    return NULL;
}

Test(object_tree, threads_that_free_a_client_under_each_other)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);
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

/* An address space in one client, and a channel in it that is duplicated into the other client. */
static void duplicate_channel(ObjectTree *tree)
{
    ClientPair pair;

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
    object_tree_add_client(tree, OTHER, FILE_B, &alice);
    add(tree, CLIENT, 10, CLIENT, 0);
    add(tree, CLIENT, 20, CLIENT, 10);
    cr_assert(object_tree_lock_pair(tree, OTHER, CLIENT, &pair));
    client_copy(pair.first, 30, OTHER, pair.second, 20);
    object_tree_unlock_pair(&pair);
    add(tree, OTHER, 40, 30, 0);
    cr_assert_eq(objects(tree), 6);
}

Test(object_tree, a_copy_is_freed_with_what_its_source_depends_on)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);

    duplicate_channel(tree);
    free_object(tree, CLIENT, 20);
    cr_assert_eq(objects(tree), 5, "the copy does not depend on its source");
    free_object(tree, CLIENT, 10);
    cr_assert_eq(objects(tree), 2, "the copy and what is below it went with the space");
}

Test(object_tree, a_copy_is_freed_with_the_client_that_its_dependency_is_in)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);

    duplicate_channel(tree);
    object_tree_close(tree, FILE_A);
    cr_assert_eq(object_tree_size(tree).clients, 1);
    cr_assert_eq(objects(tree), 1);
}

Test(object_tree, a_copy_that_is_gone_is_not_missed)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);

    duplicate_channel(tree);
    free_object(tree, OTHER, 30);
    add(tree, OTHER, 30, OTHER, 0); /* another object of the same handle */
    free_object(tree, CLIENT, 10);
    cr_assert_eq(objects(tree), 3, "both clients and the new 30 are left");
}

Test(object_tree, pairs_are_locked_in_one_order_and_one_client_once)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);
    ClientPair pair;

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
    cr_assert_not(object_tree_lock_pair(tree, CLIENT, OTHER, &pair));
    cr_assert_not(object_tree_lock_pair(tree, OTHER, CLIENT, &pair));
    cr_assert(object_tree_lock_pair(tree, CLIENT, CLIENT, &pair));
    cr_assert_eq(pair.first, pair.second);
    object_tree_unlock_pair(&pair);
    cr_assert_not_null(object_tree_lock(tree, CLIENT), "left locked");
}

/* Two threads duplicate in opposite directions while both ends are freed. */
static gpointer cross(gpointer data)
{
    ObjectTree *tree = data;
    static gint turn;
    const bool there = g_atomic_int_add(&turn, 1) % 2;
    const uint32_t to = there ? CLIENT : OTHER;
    const uint32_t from = there ? OTHER : CLIENT;

    for (uint32_t i = 0; i < 2000; i++) {
        const uint32_t space = 100 + i % 7;
        ClientPair pair;
        add(tree, from, space, from, 0);
        add(tree, from, 50, from, space);
        cr_assert(object_tree_lock_pair(tree, to, from, &pair));
        client_copy(pair.first, 200 + i % 5, to, pair.second, 50);
        object_tree_unlock_pair(&pair);
        free_object(tree, from, 100 + (i + 3) % 7);
    }
    return NULL;
}

Test(object_tree, duplicates_in_both_directions_at_once)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&limits);
    GThread *threads[2];

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
    object_tree_add_client(tree, OTHER, FILE_B, &alice);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("cross", cross, tree);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    object_tree_close(tree, FILE_A);
    object_tree_close(tree, FILE_B);
    cr_assert_eq(objects(tree), 0);
}

Test(object_tree, there_is_room_up_to_the_limits)
{
    g_autoptr(ObjectTree) tree = object_tree_new(&(ObjectLimits){.clients = 2, .objects = 4});

    object_tree_add_client(tree, CLIENT, FILE_A, &alice);
    cr_assert(object_tree_has_room(tree, 1, true));
    object_tree_add_client(tree, OTHER, FILE_A, &alice);
    cr_assert_not(object_tree_has_room(tree, 1, true));
    cr_assert(object_tree_has_room(tree, 1, false));
    add(tree, CLIENT, 10, CLIENT, 0);
    add(tree, CLIENT, 11, CLIENT, 0);
    cr_assert_not(object_tree_has_room(tree, 1, false));
    free_object(tree, CLIENT, 10);
    cr_assert(object_tree_has_room(tree, 1, false));
    object_tree_close(tree, FILE_A);
    cr_assert(object_tree_has_room(tree, 1, true));
}
