/* Notes, in order, what a process does to the files of one folder, what it writes to its standard
   output, and what it sends. Loaded into the process before its libraries (LD_PRELOAD).

   LOCKSTEP_RECORD_FOLDER names the folder, LOCKSTEP_RECORD_LOG the file for the notes; without them
   nothing is noted. A note is a head and its data; numbers are those of this machine.

   A write and its note happen under one lock, so that the order of the notes is that of the writes.
   A flush has two notes, one before and one behind it, and is not under the lock: what is written
   while it goes on may not be part of it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    OPENED = 1,     /* at: 1 if it was created, 2 if it is a folder; data: path within the folder */
    WRITTEN = 2,    /* at: place in the file; data: what was written */
    CUT = 3,        /* at: new length */
    FLUSH = 4,      /* at: number of the flush */
    FLUSHED = 5,    /* at: number of the flush */
    REMOVED = 6,    /* data: path */
    TOLD = 7,       /* data: what was written to the standard output */
    SENT = 8,       /* data: the beginning of what was sent */
    UNKNOWN = 9     /* data: name of a call that is not understood here */
};

struct head {
    uint64_t kind;
    uint64_t file; /* inode */
    uint64_t at;
    uint64_t length; /* of the data */
};

enum { FILES = 65536, MOST_SENT = 2048 };

static uint64_t inodes[FILES]; /* by file descriptor; 0: not in the folder */
static char folder[4096];
static size_t folder_length;
static int notes = -1;
static uint64_t flushes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note(uint64_t kind, uint64_t file, uint64_t at, const void *data, size_t length)
{
    struct head head = { kind, file, at, length };
    struct iovec parts[2] = { { &head, sizeof head }, { (void *)data, length } };
    int before = errno;
    long done = syscall(SYS_writev, notes, parts, 2);
    if (done != (long)(sizeof head + length))
        abort();
    errno = before;
}

static void note_unknown(const char *call)
{
    pthread_mutex_lock(&lock);
    note(UNKNOWN, 0, 0, call, strlen(call));
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("LOCKSTEP_RECORD_LOG");
    const char *name = getenv("LOCKSTEP_RECORD_FOLDER");
    if (!path || !name || strlen(name) >= sizeof folder)
        return;
    strcpy(folder, name);
    folder_length = strlen(folder);
    notes = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (notes < 0)
        abort();
}

/* Returns the path within the folder, "" for the folder itself, or null. */
static const char *inside(const char *path)
{
    if (notes < 0 || !path || strncmp(path, folder, folder_length) != 0)
        return NULL;
    if (path[folder_length] == 0)
        return path + folder_length;
    return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static uint64_t inode_of(int fd)
{
    return notes >= 0 && fd >= 0 && fd < FILES ? __atomic_load_n(&inodes[fd], __ATOMIC_ACQUIRE) : 0;
}

static int open_and_note(int at, const char *path, int flags, mode_t mode)
{
    const char *name = inside(path);
    if (!name)
        return (int)syscall(SYS_openat, at, path, flags, mode);
    pthread_mutex_lock(&lock);
    int existed = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    int before = errno;
    struct stat about;
    if (fd >= FILES)
        abort();
    if (fd >= 0 && fstat(fd, &about) == 0) {
        __atomic_store_n(&inodes[fd], (uint64_t)about.st_ino, __ATOMIC_RELEASE);
        uint64_t kind = S_ISDIR(about.st_mode) ? 2 : !existed;
        note(OPENED, about.st_ino, kind, name, strlen(name));
        if (flags & O_TRUNC)
            note(CUT, about.st_ino, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = before;
    return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_of(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return open_and_note(AT_FDCWD, path, flags, mode);                                         \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                               \
    int name(int at, const char *path, int flags, ...)                                             \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_of(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return open_and_note(at, path, flags, mode);                                               \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd)
{
    if (inode_of(fd))
        __atomic_store_n(&inodes[fd], 0, __ATOMIC_RELEASE);
    return (int)syscall(SYS_close, fd);
}

static ssize_t write_at(int fd, const void *data, size_t length, off64_t at)
{
    uint64_t inode = inode_of(fd);
    if (!inode)
        return syscall(SYS_pwrite64, fd, data, length, at);
    pthread_mutex_lock(&lock);
    ssize_t done = syscall(SYS_pwrite64, fd, data, length, at);
    if (done > 0)
        note(WRITTEN, inode, (uint64_t)at, data, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
    return write_at(fd, data, length, at);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    return write_at(fd, data, length, at);
}

ssize_t write(int fd, const void *data, size_t length)
{
    uint64_t inode = inode_of(fd);
    if (!inode && !(fd == 1 && notes >= 0))
        return syscall(SYS_write, fd, data, length);
    pthread_mutex_lock(&lock);
    off64_t at = inode ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = syscall(SYS_write, fd, data, length);
    if (done > 0)
        note(inode ? WRITTEN : TOLD, inode, (uint64_t)at, data, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

static int cut(int fd, off64_t length)
{
    uint64_t inode = inode_of(fd);
    if (!inode)
        return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_ftruncate, fd, length);
    if (done == 0)
        note(CUT, inode, (uint64_t)length, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int fd, off_t length)
{
    return cut(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    return cut(fd, length);
}

static int flush(int fd, long call)
{
    uint64_t inode = inode_of(fd);
    if (!inode)
        return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    uint64_t number = ++flushes;
    note(FLUSH, inode, number, NULL, 0);
    pthread_mutex_unlock(&lock);
    int done = (int)syscall(call, fd);
    if (done == 0) {
        pthread_mutex_lock(&lock);
        note(FLUSHED, inode, number, NULL, 0);
        pthread_mutex_unlock(&lock);
    }
    return done;
}

int fsync(int fd)
{
    return flush(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return flush(fd, SYS_fdatasync);
}

static int remove_and_note(int at, const char *path, int flags)
{
    const char *name = inside(path);
    if (!name)
        return (int)syscall(SYS_unlinkat, at, path, flags);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_unlinkat, at, path, flags);
    if (done == 0)
        note(REMOVED, 0, 0, name, strlen(name));
    pthread_mutex_unlock(&lock);
    return done;
}

int unlink(const char *path)
{
    return remove_and_note(AT_FDCWD, path, 0);
}

int unlinkat(int at, const char *path, int flags)
{
    return remove_and_note(at, path, flags);
}

/* Calls that a store does not make today: one that begins to must be understood here first. */

int rename(const char *from, const char *to)
{
    if (inside(from) || inside(to))
        note_unknown("rename");
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int fallocate(int fd, int mode, off_t at, off_t length)
{
    if (inode_of(fd))
        note_unknown("fallocate");
    return (int)syscall(SYS_fallocate, fd, mode, at, length);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    if (inode_of(fd))
        note_unknown("pwritev");
    return syscall(SYS_pwritev, fd, parts, count, at, 0);
}

/* What is sent: noted before it goes, since the other side may act on it at once. */

static void note_sent(const struct iovec *parts, size_t count)
{
    char data[MOST_SENT];
    size_t length = 0;
    for (size_t part = 0; part < count && length < sizeof data; part++) {
        size_t room = sizeof data - length;
        size_t taken = parts[part].iov_len < room ? parts[part].iov_len : room;
        memcpy(data + length, parts[part].iov_base, taken);
        length += taken;
    }
    pthread_mutex_lock(&lock);
    note(SENT, 0, 0, data, length);
    pthread_mutex_unlock(&lock);
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    struct iovec part = { (void *)data, length };
    if (notes >= 0)
        note_sent(&part, 1);
    return syscall(SYS_sendto, fd, data, length, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (notes >= 0)
        note_sent(message->msg_iov, message->msg_iovlen);
    return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (inode_of(fd) || fd == 1)
        note_unknown("writev");
    else if (notes >= 0)
        note_sent(parts, (size_t)count);
    return syscall(SYS_writev, fd, parts, count);
}
