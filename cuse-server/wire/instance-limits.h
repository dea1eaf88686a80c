/* SPDX-License-Identifier: Apache-2.0 */
/* How much the guests of an instance may have at once. */
#pragma once

/** ObjectLimits: the most clients and objects that the proxy records at once. */
typedef struct {
    unsigned clients;
    unsigned objects; /* a client counts as one */
} ObjectLimits;

/**
 * ProxyLimits: how much the guests of an instance may have at once. The proxy refuses more: files with
 * ENFILE, clients and objects with NV_ERR_INSUFFICIENT_RESOURCES.
 */
typedef struct {
    unsigned files;
    ObjectLimits objects;
} ProxyLimits;

/* The defaults: a few times what a large training job uses. At these limits the worker needs some 60 MiB. */
enum {
    PROXY_FILES_DEFAULT = 16384,
    PROXY_CLIENTS_DEFAULT = 8192,
    PROXY_OBJECTS_DEFAULT = 262144,
};
