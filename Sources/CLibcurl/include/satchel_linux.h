// What the Glibc module leaves out: netlink, timerfd, eventfd (a file descriptor, or -1), thread names.
#pragma once
#include <pthread.h>

// Becomes readable when a link, an address or a route changes.
int satchel_network_changes(void);

// Becomes readable when the wall clock is set, which the kernel also does when the machine wakes.
int satchel_clock_changes(void);

// Waits for the next clock change again. 0, or -1.
int satchel_clock_changes_rearm(int fd);

// Becomes readable once `satchel_wakeup_signal` was called.
int satchel_wakeup(void);
void satchel_wakeup_signal(int fd);

void satchel_thread_name(pthread_t thread, const char *name);
