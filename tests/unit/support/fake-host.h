/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host and a guest in memory. The proxy between them, and the planner of guest memory, are the real ones. A call runs as in
 * the CUSE transport: in rounds, with guest memory that a test may change between rounds.
 */
#pragma once

#include "cuse-server/proxy/proxy.h"

enum {
    GUEST_BASE = 0x10000, /* where the guest's memory begins */
    GUEST_SIZE = 64 * 1024,
    HOST_FD_BASE = 1000, /* the host's descriptors, different from all of the guest's */
    HOST_PARAMS_MAX = 4096,
};

/**
 * SeenCall: one ioctl as the host saw it.
 * @in_guest: it was made from inside the guest's process
 * @argument: a copy of what it pointed at
 */
typedef struct {
    int fd;
    uint32_t command;
    bool null_argument;
    bool in_guest;
    uint8_t argument[HOST_PARAMS_MAX];
} SeenCall;

typedef struct Fake Fake;

/** FakeAnswer: the driver's part: read and change @argument. Returns: errno value. */
typedef int (*FakeAnswer)(Fake *fake, uint32_t command, void *argument);

struct Fake {
    Host host;
    Proxy proxy;
    const DriverAbi *abi;
    DriverAbi *own_abi; /* the same, if the fake frees it */
    GArray *commands;   /* the ioctls that a worker's filter would allow */
    Device devices[6];
    uint8_t memory[GUEST_SIZE];

    FakeAnswer answer;
    unsigned n_calls;
    SeenCall last;
    unsigned n_open;      /* host files open now */
    unsigned n_opened;    /* host files opened so far */
    unsigned events;      /* events that poll() reports at the host, and then clears */
    GHashTable *guest_fd; /* guest descriptor -> file id */
    GHashTable *kept; /* host file -> 1: the driver keeps it after its close; NULL: it has let go */
    unsigned n_remnants;  /* how many of these the proxy follows */
    GHashTable *numbers;  /* id of a process -> its number for the caller */
    GuestProcess process; /* the caller; id 0: it does not exist any more */

    int no_follow; /* errno value of following a file that the driver made; 0: it succeeds */
    int no_entry;  /* errno value of a call inside the guest; 0: it succeeds */
    /** called when a device has been installed in the guest */
    void (*after_install)(Fake *fake, uint32_t id);

    /** called before each round but the first, for tests that change memory during a call */
    void (*between_rounds)(Fake *fake, unsigned round);
    unsigned rounds; /* of the last call */
    Request request; /* the last one, as it ended */
};

/** fake_new: an instance with driver @version and devices nvidiactl, nvidia0, nvidia-uvm, nvidia-uvm-tools, nvidia-cap3; at
 * most 16 files, 4 clients and 64 objects. */
Fake *fake_new(const char *version, NvCaps caps);
void fake_free(Fake *fake);

/** fake_new_on: the same with an ABI that several fakes share, because it takes long to make. */
Fake *fake_new_on(const DriverAbi *abi, NvCaps caps);

/** fake_abi: (transfer full): the ABI of a driver version. */
DriverAbi *fake_abi(const char *version);

/** fake_open: open devices[@device]; the guest's descriptor will be @guest_fd. */
NvFile *fake_open(Fake *fake, unsigned device, int guest_fd);

/** fake_open_if_room: the same, or NULL if the limit of files is reached. */
NvFile *fake_open_if_room(Fake *fake, unsigned device, int guest_fd);

/** fake_at: guest memory at a guest address. */
void *fake_at(Fake *fake, uint64_t addr);

/** fake_ioctl: make a guest's ioctl. Guest memory is written back as the kernel does. Returns: errno value for the guest;
 * EFAULT if a range is outside its memory. */
int fake_ioctl(Fake *fake, NvFile *file, uint32_t command, uint64_t argument);

/** fake_frontend: the same with a frontend number and size; @params are copied to guest memory and back. */
int fake_frontend(Fake *fake, NvFile *file, uint32_t number, void *params, size_t size);

enum { FAKE_CTL, FAKE_GPU, FAKE_UVM, FAKE_TOOLS, FAKE_CAP, FAKE_DMA_BUF };

enum {
    FAKE_PROCESS = 101,     /* fake_new's process */
    FAKE_INSTALLED_FD = 77, /* the guest's descriptor of the installed device */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fake, fake_free)
