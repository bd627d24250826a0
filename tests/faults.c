/* Calls of the system that fail, or are the last: preloaded by tests/faults.py.

   Calls on files below one directory are counted. At the one that was chosen the process is killed
   (before the call, after it, or half way through what it writes), or the call fails, once or from
   then on. Nothing is counted before fault_arm(). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KILL_BEFORE, KILL_AFTER, KILL_WITHIN, EIO_ONCE, EIO_ALWAYS, FULL_ONCE, FULL_ALWAYS };

static char below[4096];
static long chosen, count;
static int kind, armed;
static unsigned char ours[65536];

void fault_arm(const char *directory, long at, int what) {
    strncpy(below, directory, sizeof below - 1);
    chosen = at, kind = what, count = 0, armed = 1;
}
void fault_disarm(void) { armed = 0; }
long fault_count(void) { return count; }

static int is_ours(const char *path) {
    return armed && path && strncmp(path, below, strlen(below)) == 0;
}
static int is_open(int fd) { return armed && fd >= 0 && fd < 65536 && ours[fd]; }

/* Whether the call is to fail; `writes` says that a full disk would refuse it. */
static int hit(int writes) {
    int full = kind == FULL_ONCE || kind == FULL_ALWAYS;
    if (full && !writes) return 0;
    count++;
    int always = kind == EIO_ALWAYS || kind == FULL_ALWAYS;
    if (count < chosen || (count > chosen && !always)) return 0;
    if (kind == KILL_BEFORE) kill(getpid(), SIGKILL);
    if (kind <= KILL_WITHIN) return 0;
    errno = full ? ENOSPC : EIO;
    return 1;
}
static void after(void) {
    if (armed && count == chosen && (kind == KILL_AFTER || kind == KILL_WITHIN))
        kill(getpid(), SIGKILL);
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        va_list list; va_start(list, flags); mode_t mode = va_arg(list, mode_t); va_end(list); \
        int mine = is_ours(path); \
        if (mine && hit(flags & O_CREAT)) return -1; \
        int fd = real(path, flags, mode); \
        if (fd >= 0 && fd < 65536) ours[fd] = mine; \
        if (mine) after(); \
        return fd; \
    }
OPEN(open)
OPEN(open64)

#define ON_FILE(type, name, writes, parameters, arguments, ...) \
    type name parameters { \
        REAL(type, name, __VA_ARGS__); \
        int mine = is_open(fd); \
        if (mine && hit(writes)) return (type)-1; \
        type result = real arguments; \
        if (mine) after(); \
        return result; \
    }
ON_FILE(ssize_t, read, 0, (int fd, void *b, size_t n), (fd, b, n), int, void *, size_t)
ON_FILE(ssize_t, pread, 0, (int fd, void *b, size_t n, off_t o), (fd, b, n, o), int, void *,
    size_t, off_t)
ON_FILE(ssize_t, pread64, 0, (int fd, void *b, size_t n, off64_t o), (fd, b, n, o), int, void *,
    size_t, off64_t)
ON_FILE(int, fsync, 1, (int fd), (fd), int)
ON_FILE(int, fdatasync, 1, (int fd), (fd), int)
ON_FILE(int, ftruncate, 1, (int fd, off_t n), (fd, n), int, off_t)
ON_FILE(int, ftruncate64, 1, (int fd, off64_t n), (fd, n), int, off64_t)
ON_FILE(int, fchmod, 0, (int fd, mode_t m), (fd, m), int, mode_t)

/* Killed within a write, half of it stands there. */
#define WRITE(name, parameters, arguments, half, ...) \
    ssize_t name parameters { \
        REAL(ssize_t, name, __VA_ARGS__); \
        int mine = is_open(fd); \
        if (mine && hit(1)) return -1; \
        int torn = mine && count == chosen && kind == KILL_WITHIN; \
        ssize_t result = torn ? real half : real arguments; \
        if (mine) after(); \
        return result; \
    }
WRITE(write, (int fd, const void *b, size_t n), (fd, b, n), (fd, b, n / 2), int, const void *,
    size_t)
WRITE(pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o), (fd, b, n / 2, o), int,
    const void *, size_t, off_t)
WRITE(pwrite64, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o), (fd, b, n / 2, o),
    int, const void *, size_t, off64_t)

/* Locks and maps fail once: where they go on failing SQLite waits ten seconds for each. */
#define FCNTL(name) \
    int name(int fd, int command, ...) { \
        REAL(int, name, int, int, ...); \
        va_list list; va_start(list, command); void *what = va_arg(list, void *); va_end(list); \
        int mine = is_open(fd) && command != F_GETFD && command != F_SETFD; \
        if (mine && hit(0) && count == chosen) return -1; \
        int result = real(fd, command, what); \
        if (mine) after(); \
        return result; \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

#define MAP(name, offset) \
    void *name(void *a, size_t n, int p, int f, int fd, offset o) { \
        REAL(void *, name, void *, size_t, int, int, int, offset); \
        int mine = is_open(fd); \
        if (mine && hit(1) && count == chosen) return MAP_FAILED; \
        void *result = real(a, n, p, f, fd, o); \
        if (mine) after(); \
        return result; \
    }
MAP(mmap, off_t)
MAP(mmap64, off64_t)

int close(int fd) {
    REAL(int, close, int);
    int mine = is_open(fd);
    if (mine) hit(0), ours[fd] = 0; /* a close that fails has closed all the same */
    int result = real(fd);
    if (mine) after();
    return result;
}

#define ON_PATH(name, writes, parameters, arguments, ...) \
    int name parameters { \
        REAL(int, name, __VA_ARGS__); \
        int mine = is_ours(path); \
        if (mine && hit(writes)) return -1; \
        int result = real arguments; \
        if (mine) after(); \
        return result; \
    }
ON_PATH(unlink, 0, (const char *path), (path), const char *)
ON_PATH(mkdir, 1, (const char *path, mode_t m), (path, m), const char *, mode_t)
ON_PATH(rename, 1, (const char *path, const char *to), (path, to), const char *, const char *)
ON_PATH(stat, 0, (const char *path, struct stat *s), (path, s), const char *, struct stat *)
ON_PATH(stat64, 0, (const char *path, struct stat64 *s), (path, s), const char *, struct stat64 *)
ON_PATH(lstat, 0, (const char *path, struct stat *s), (path, s), const char *, struct stat *)
ON_PATH(lstat64, 0, (const char *path, struct stat64 *s), (path, s), const char *, struct stat64 *)
ON_PATH(access, 0, (const char *path, int m), (path, m), const char *, int)
