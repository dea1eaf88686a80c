/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/show/role-text.h"

#include <glib.h>

static const struct {
    const char *name;
    const char *text;
} roles[N_ABI_ROLES] = {
#define ABI_ROLE_WORDS(NAME, TEXT) [ABI_ROLE_##NAME] = {#NAME, TEXT},
    ABI_ROLES(ABI_ROLE_WORDS)
#undef ABI_ROLE_WORDS
};

const char *abi_role_name(AbiRoleKind kind)
{
    return roles[kind].name;
}

static char *client_text(const AbiRole *role)
{
    static const char *const whose[] = {
        [ABI_CLIENT_CALL] =
            "in which the call is made; the driver checks that the caller's file allocated it",
        [ABI_CLIENT_INSTANCE] = "replaced by an invalid handle unless it is the container's",
        [ABI_CLIENT_PROCESS] = "replaced by an invalid handle unless it is the calling process's",
    };

    return g_strdup_printf("client: %s", whose[role->client]);
}

static char *fd_text(const AbiRole *role)
{
    static const char *const files[] = {
        [ABI_FD_FRONTEND] = "control or GPU file",
        [ABI_FD_UVM] = "UVM file",
        [ABI_FD_OPEN_ONLY] = "capability or channel",
    };
    static const char *const none[] = {
        [ABI_FD_ALWAYS] = "",
        [ABI_FD_NEGATIVE] = "; a negative number stands for no file",
        [ABI_FD_ZERO] = "; 0 stands for no file",
        [ABI_FD_BY_EFFECT] = "; other members decide whether it names a file",
    };

    if (role->fd == ABI_FD_DMA_BUF) {
        return g_strdup(
            "descriptor of a dma-buf, translated; a negative number asks for a new one");
    }
    return g_strdup_printf("descriptor of a %s, translated%s", files[role->fd], none[role->none]);
}

static char *pointer_text(const AbiRole *role)
{
    static const char *const ways[] = {[ABI_ACCESS_OUT] = "the driver fills in",
                                       [ABI_ACCESS_INOUT] = "the driver reads and fills in"};

    return role->element
               ? g_strdup_printf(
                     "pointer to an array that %s: %s%s elements of %u byte%s%s",
                     ways[role->access], role->beside, role->flags & ABI_SQUARE ? " squared" : "",
                     role->element, role->element == 1 ? "" : "s",
                     role->flags & ABI_CLIENTS
                         ? "; clients that are not the container's are replaced by invalid handles"
                         : "")
               : g_strdup(roles[role->kind].text);
}

char *abi_role_text(const AbiRole *role)
{
    const char *text = roles[role->kind].text;

    switch (role->kind) {
    case ABI_ROLE_CLIENT:
        return client_text(role);
    case ABI_ROLE_FD:
        return fd_text(role);
    case ABI_ROLE_POINTER:
        return pointer_text(role);
    case ABI_ROLE_LEFT_ALONE:
        return g_strdup_printf("%s: %s", text, role->reason);
    case ABI_ROLE_COUNT:
        return g_strdup_printf("%s; %s is the number of its elements", text, role->beside);
    case ABI_ROLE_GPU_FAILED_ID:
        return g_strdup_printf("%s in %s", text, role->beside);
    default:
        return role->beside ? g_strdup_printf("%s; %s is changed to match", text, role->beside)
                            : g_strdup(text);
    }
}

/* "ABI_NULL_OK | ABI_SQUARE" */
static char *flags_source(unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {{ABI_NULL_OK, "ABI_NULL_OK"},  {ABI_EMPTY_IS_NULL, "ABI_EMPTY_IS_NULL"},
                 {ABI_SQUARE, "ABI_SQUARE"},    {ABI_BY_ERRNO, "ABI_BY_ERRNO"},
                 {ABI_READ, "ABI_READ"},        {ABI_CLIENTS, "ABI_CLIENTS"},
                 {ABI_ON_TERMS, "ABI_ON_TERMS"}};
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (flags & names[i].flag) {
            g_string_append_printf(text, "%s%s", text->len ? " | " : "", names[i].name);
        }
    }
    if (text->len == 0) {
        g_string_append(text, "ABI_NO_FLAGS");
    }
    return g_string_free(text, FALSE);
}

static char *pointer_source(const AbiRole *role)
{
    g_autofree char *flags = flags_source(role->flags);

    return role->element ? g_strdup_printf("(POINTER, %s, %s, %u, %s)",
                                           role->access == ABI_ACCESS_OUT ? "OUT" : "INOUT",
                                           role->beside, role->element, flags)
                         : g_strdup("(POINTER)");
}

char *abi_role_source(const AbiRole *role)
{
    static const char *const clients[] = {[ABI_CLIENT_CALL] = "CALL",
                                          [ABI_CLIENT_INSTANCE] = "INSTANCE",
                                          [ABI_CLIENT_PROCESS] = "PROCESS"};
    static const char *const fds[] = {[ABI_FD_FRONTEND] = "FRONTEND",
                                      [ABI_FD_UVM] = "UVM",
                                      [ABI_FD_OPEN_ONLY] = "OPEN_ONLY",
                                      [ABI_FD_DMA_BUF] = "DMA_BUF"};
    static const char *const none[] = {[ABI_FD_ALWAYS] = "",
                                       [ABI_FD_NEGATIVE] = ", NEGATIVE",
                                       [ABI_FD_ZERO] = ", ZERO",
                                       [ABI_FD_BY_EFFECT] = ", BY_EFFECT"};

    switch (role->kind) {
    case ABI_ROLE_PLAIN:
        return NULL;
    case ABI_ROLE_LEFT_ALONE:
        return g_strdup_printf("(LEFT_ALONE, \"%s\")", role->reason);
    case ABI_ROLE_CLIENT:
        return g_strdup_printf("(CLIENT, %s)", clients[role->client]);
    case ABI_ROLE_FD:
        return g_strdup_printf("(FD, %s%s)", fds[role->fd], none[role->none]);
    case ABI_ROLE_POINTER:
        return pointer_source(role);
    case ABI_ROLE_GPU_LINK_REST:
        return g_strdup_printf("(GPU_LINK_REST, 0x%x)", role->byte);
    default:
        return role->beside ? g_strdup_printf("(%s, %s)", abi_role_name(role->kind), role->beside)
                            : g_strdup_printf("(%s)", abi_role_name(role->kind));
    }
}
