/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the limits of a running instance: what a request changes, which requests are refused, and who may make them. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <glib/gstdio.h>

#include "cuse-server/broker/life/limit-request.h"
#include "cuse-server/broker/life/limit-socket.h"

#define GIB    (UINT64_C(1) << 30)
#define NOBODY 65534

/* An instance with the GPUs 1 and 3. */
static InstanceSpec two_gpus(void)
{
    return (InstanceSpec){
        .devices = {{DEVICE_FRONTEND, "nvidiactl", makedev(195, 255)},
                    {DEVICE_FRONTEND, "nvidia1", makedev(195, 1)},
                    {DEVICE_FRONTEND, "nvidia3", makedev(195, 3)}},
        .n_devices = 3,
        .quota = {.by_gpu = true},
        .record_fd = -1,
        .simulation_fd = -1,
        .driver_mark = -1,
    };
}

static LimitRequest request_of(const char *gpu_memory, const char *pinned_memory)
{
    LimitRequest request = {.size = sizeof request};

    if (gpu_memory) {
        request.changes |= LIMIT_GPU_MEMORY;
        cr_assert(quota_list_parse(gpu_memory, &request.gpu_memory, NULL));
    }
    if (pinned_memory) {
        request.changes |= LIMIT_PINNED_MEMORY;
        cr_assert(quota_size_parse(pinned_memory, &request.pinned_memory, NULL));
    }
    return request;
}

/* --- requests --------------------------------------------------------------------------------- */

Test(limit_request, changes_what_it_names_and_nothing_else)
{
    const InstanceSpec spec = two_gpus();
    QuotaPage page = {.gpu_memory = {7, 8, 9}, .pinned_memory = 10};
    const LimitRequest one = request_of("3=20G", NULL);
    const LimitRequest all = request_of("1=max,10G", "1G");

    cr_assert_eq(limit_request_do(&one, &spec, &page).result, LIMIT_CHANGED);
    cr_assert_eq(atomic_load(&page.gpu_memory[0]), 7);
    cr_assert_eq(atomic_load(&page.gpu_memory[1]), 20 * GIB);
    cr_assert_eq(atomic_load(&page.pinned_memory), 10);
    cr_assert_eq(limit_request_do(&all, &spec, &page).result, LIMIT_CHANGED);
    cr_assert_eq(atomic_load(&page.gpu_memory[0]), QUOTA_UNLIMITED);
    cr_assert_eq(atomic_load(&page.gpu_memory[1]), 10 * GIB);
    cr_assert_eq(atomic_load(&page.gpu_memory[2]), 9, "there is no third GPU");
    cr_assert_eq(atomic_load(&page.pinned_memory), GIB);
}

Test(limit_request, changes_shares_and_announces_each_change)
{
    const InstanceSpec spec = two_gpus();
    QuotaPage page = {.pinned_memory = 10, .gpu_share = 100, .gpu_cap = 20, .changes = 1};
    const LimitRequest share = {.size = sizeof share,
                                .changes = LIMIT_GPU_SHARE | LIMIT_GPU_CAP,
                                .gpu_share = 400,
                                .gpu_cap = 50};
    const LimitRequest pause = {.size = sizeof pause, .changes = LIMIT_PAUSED, .paused = 1};
    const LimitRequest resume = {.size = sizeof resume, .changes = LIMIT_PAUSED};

    cr_assert_eq(limit_request_do(&share, &spec, &page).result, LIMIT_CHANGED);
    cr_assert_eq(atomic_load(&page.gpu_share), 400);
    cr_assert_eq(atomic_load(&page.gpu_cap), 50);
    cr_assert_eq(atomic_load(&page.changes), 2);
    cr_assert_eq(limit_request_do(&pause, &spec, &page).result, LIMIT_CHANGED);
    cr_assert_eq(atomic_load(&page.paused), 1);
    cr_assert_eq(atomic_load(&page.gpu_share), 400, "and nothing else");
    cr_assert_eq(atomic_load(&page.pinned_memory), 10);
    cr_assert_eq(limit_request_do(&resume, &spec, &page).result, LIMIT_CHANGED);
    cr_assert_eq(atomic_load(&page.paused), 0);
    cr_assert_eq(atomic_load(&page.changes), 4);
}

static void reads(const LimitRequest *request, LimitChanges kind, const char *wanted)
{
    g_autofree char *text = limit_request_text(request, kind);

    cr_assert_str_eq(text ? text : "nothing", wanted);
}

Test(limit_request, is_written_as_on_the_command_line)
{
    LimitRequest request = request_of("1=20G,max", "512M");
    const LimitRequest nothing = {.size = sizeof nothing};

    request.changes |= LIMIT_GPU_SHARE | LIMIT_GPU_CAP | LIMIT_PAUSED;
    request.gpu_share = 400;
    request.gpu_cap = 50;
    reads(&request, LIMIT_GPU_MEMORY, "max,1=20G");
    reads(&request, LIMIT_PINNED_MEMORY, "512M");
    reads(&request, LIMIT_GPU_SHARE, "400");
    reads(&request, LIMIT_GPU_CAP, "50");
    reads(&request, LIMIT_PAUSED, "no");
    reads(&nothing, LIMIT_GPU_MEMORY, "nothing");
    reads(&nothing, LIMIT_PAUSED, "nothing");
}

/* A request that is refused changes nothing, also not what would be right in it. */
static void refused(const LimitRequest *request, const InstanceSpec *spec, LimitResult result)
{
    QuotaPage page = {.gpu_memory = {7, 8}, .pinned_memory = 10};

    cr_assert_eq(limit_request_do(request, spec, &page).result, result);
    cr_assert_eq(atomic_load(&page.gpu_memory[0]), 7);
    cr_assert_eq(atomic_load(&page.gpu_memory[1]), 8);
    cr_assert_eq(atomic_load(&page.pinned_memory), 10);
    cr_assert_eq(atomic_load(&page.gpu_share), 0);
    cr_assert_eq(atomic_load(&page.changes), 0);
}

Test(limit_request, a_gpu_that_the_instance_does_not_have_is_named)
{
    const InstanceSpec spec = two_gpus();
    const LimitRequest request = request_of("1=1G,2=1G", "1G");
    QuotaPage page = {0};

    refused(&request, &spec, LIMIT_NO_SUCH_GPU);
    cr_assert_eq(limit_request_do(&request, &spec, &page).gpu, 2);
}

Test(limit_request, an_instance_that_does_not_tell_gpus_apart_takes_only_pinned_memory)
{
    InstanceSpec spec = two_gpus();
    const LimitRequest both = request_of("1G", "1G");
    const LimitRequest pinned = request_of(NULL, "1G");
    QuotaPage page = {0};

    spec.quota.by_gpu = false;
    refused(&both, &spec, LIMIT_NOT_BY_GPU);
    cr_assert_eq(limit_request_do(&pinned, &spec, &page).result, LIMIT_CHANGED);
    cr_assert_eq(atomic_load(&page.pinned_memory), GIB);
}

Test(limit_request, recorded_and_simulated_instances_have_no_quotas)
{
    InstanceSpec recorded = two_gpus();
    InstanceSpec simulated = two_gpus();
    const LimitRequest request = request_of("1G", "1G");

    recorded.record_fd = 5;
    simulated.simulation_fd = 5;
    refused(&request, &recorded, LIMIT_FIXED);
    refused(&request, &simulated, LIMIT_FIXED);
}

Test(limit_request, nonsense_is_refused)
{
    const InstanceSpec spec = two_gpus();
    LimitRequest requests[10];

    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        requests[i] = request_of("1G,1=2G", "1G");
        requests[i].changes |= LIMIT_GPU_SHARE | LIMIT_GPU_CAP | LIMIT_PAUSED;
        requests[i].gpu_share = requests[i].gpu_cap = 1;
    }
    requests[0].size--;
    requests[1].changes = 0;
    requests[2].changes |= 32;
    requests[3].gpu_memory.own[1] = UINT64_MAX;
    requests[4].pinned_memory = (uint64_t)INT64_MAX + 1;
    requests[5].gpu_share = 0;
    requests[6].gpu_share = QUOTA_SHARE_MAX + 1;
    requests[7].gpu_cap = 0;
    requests[8].gpu_cap = QUOTA_CAP_MAX + 1;
    requests[9].paused = 2;
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        refused(&requests[i], &spec, LIMIT_INVALID);
    }
}

/* --- the socket ------------------------------------------------------------------------------- */

typedef struct {
    char *directory;
    char *path;
    LimitSocket *socket;
    unsigned requests;
} Scene;

static LimitReply count(const LimitRequest *request, gpointer data)
{
    Scene *scene = data;

    cr_assert_eq(request->size, sizeof *request);
    scene->requests++;
    return (LimitReply){.result = LIMIT_CHANGED};
}

static void scene_begin(Scene *scene)
{
    g_autoptr(GError) error = NULL;

    *scene = (Scene){.directory = g_dir_make_tmp("nvcuse-XXXXXX", NULL)};
    scene->path = g_build_filename(scene->directory, "limits", NULL);
    scene->socket = limit_socket_new(scene->path, count, scene, &error);
    cr_assert_not_null(scene->socket, "%s", error ? error->message : "");
}

static void scene_end(Scene *scene)
{
    limit_socket_free(scene->socket);
    cr_assert_neq(access(scene->path, F_OK), 0, "the path is removed");
    g_rmdir(scene->directory);
    g_free(scene->path);
    g_free(scene->directory);
}

/* Connect; returns -1 if that is not allowed. */
static int connect_to(const Scene *scene)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, scene->path, sizeof address.sun_path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Run the main loop until a reply has come. Returns its result, or UINT32_MAX if the connection was closed without one. */
static uint32_t result_at(int fd)
{
    LimitReply reply = {0};
    ssize_t n = -1;

    for (int i = 0; n < 0 && i < 1000; i++) {
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        n = recv(fd, &reply, sizeof reply, MSG_DONTWAIT);
        g_usleep(n < 0 ? 1000 : 0);
    }
    close(fd);
    cr_assert_geq(n, 0, "nothing came");
    return n == sizeof reply ? reply.result : UINT32_MAX;
}

static uint32_t ask(const Scene *scene, const void *message, size_t size)
{
    int fd = connect_to(scene);

    cr_assert_geq(fd, 0);
    cr_assert_eq(send(fd, message, size, MSG_NOSIGNAL), (ssize_t)size);
    return result_at(fd);
}

Test(limit_socket, root_asks_and_gets_the_reply)
{
    const LimitRequest request = request_of("1G", NULL);
    struct stat status;
    Scene scene;

    scene_begin(&scene);
    cr_assert_eq(stat(scene.path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
    if (geteuid() == 0) {
        cr_assert_eq(ask(&scene, &request, sizeof request), LIMIT_CHANGED);
        cr_assert_eq(scene.requests, 1);
    }
    scene_end(&scene);
}

Test(limit_socket, a_message_of_another_size_is_refused)
{
    g_autofree char *bytes = g_malloc0(2 * sizeof(LimitRequest));
    const size_t sizes[] = {1, sizeof(LimitRequest) - 1, sizeof(LimitRequest) + 1,
                            2 * sizeof(LimitRequest)};
    Scene scene;

    scene_begin(&scene);
    for (size_t i = 0; geteuid() == 0 && i < G_N_ELEMENTS(sizes); i++) {
        cr_assert_eq(ask(&scene, bytes, sizes[i]), LIMIT_INVALID, "%zu bytes", sizes[i]);
    }
    cr_assert_eq(scene.requests, 0);
    scene_end(&scene);
}

Test(limit_socket, more_connections_than_there_is_room_for_are_closed)
{
    const LimitRequest request = request_of("1G", NULL);
    int idle[4];
    Scene scene;

    scene_begin(&scene);
    if (geteuid() == 0) {
        for (size_t i = 0; i < G_N_ELEMENTS(idle); i++) {
            idle[i] = connect_to(&scene);
            while (g_main_context_iteration(NULL, FALSE)) {
            }
        }
        cr_assert_eq(ask(&scene, &request, sizeof request), UINT32_MAX);
        for (size_t i = 0; i < G_N_ELEMENTS(idle); i++) {
            close(idle[i]);
        }
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        cr_assert_eq(ask(&scene, &request, sizeof request), LIMIT_CHANGED, "there is room again");
    }
    scene_end(&scene);
}

/* Even if somebody opens the path to all, others than root are refused. */
Test(limit_socket, other_users_are_refused)
{
    const LimitRequest request = request_of("1G", NULL);
    int pipes[2];
    char word;
    int status;
    Scene scene;

    scene_begin(&scene);
    if (geteuid() == 0) {
        cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
        cr_assert_eq(chmod(scene.directory, 0755), 0);
        const pid_t child = fork();
        if (child == 0) {
            if (setresuid(NOBODY, NOBODY, NOBODY) < 0 || connect_to(&scene) >= 0) {
                _exit(1); /* mode 0600 keeps it out */
            }
            (void)!write(pipes[1], "x", 1);
            while (access(scene.path, W_OK) != 0) {
                usleep(1000);
            }
            const int fd = connect_to(&scene);
            LimitReply reply = {0};
            (void)send(fd, &request, sizeof request, MSG_NOSIGNAL);
            _exit(recv(fd, &reply, sizeof reply, 0) == sizeof reply &&
                          reply.result == LIMIT_NOT_ROOT
                      ? 0
                      : 2);
        }
        cr_assert_eq(read(pipes[0], &word, 1), 1);
        cr_assert_eq(chmod(scene.path, 0666), 0);
        while (waitpid(child, &status, WNOHANG) == 0) {
            g_main_context_iteration(NULL, FALSE);
            g_usleep(1000);
        }
        cr_assert_eq(status, 0, "status 0x%x", (unsigned)status);
    }
    cr_assert_eq(scene.requests, 0);
    scene_end(&scene);
}
