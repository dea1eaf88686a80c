/* SPDX-License-Identifier: Apache-2.0 */
/* The facts that tightness reports, one per line, and functions that its parts share. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

/** fact: write a line "SUBJECT: TEXT" to standard output. */
void fact(const char *subject, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** outcome: a call's result as text: "ok", or the name of errno for a negative @result. */
const char *outcome(long result);

/** in_child: have a child do something that may change, or end, the process that does it.
 * @what: returns like a system call
 * Returns: what outcome() says of it in the child; "killed by signal N"; "no answer" after some seconds. The caller frees it. */
char *in_child(long (*what)(const void *data), const void *data);

/** text_of: a file's contents, also if the kernel does not tell its size; NULL with errno set. The caller frees it. */
char *text_of(const char *path);

/** link_of: the target of a link, without the numbers of sockets, pipes and the like; or the name of errno. */
char *link_of(const char *path);

/** names_in: a directory's names, sorted; empty if it cannot be read. */
GPtrArray *names_in(const char *path);

/** Guest: a process beside the reporter, which has mapped memory of the driver's if there is a driver. */
typedef struct {
    pid_t pid;
} Guest;

Guest guest_start(void);
void guest_end(const Guest *guest);

/* Each function reports one field. @words: the program's arguments */
void report_inherited(void);
void report_identity(char *const *words);
void report_limits(void);
void report_mounts(void);
void report_devices(void);
void report_proc_and_sys(void);
void report_processes(const Guest *guest);
void report_sockets(void);
void report_acts(void);
void report_syscalls(void);
