"""Checks that an archive of pure code asks the world for nothing: no clock, no chance, no effect.

Reads `nm -uC` of the archive. What headers hide (an inline function that asks for the time) shows
here and nowhere else.
"""

import re
import subprocess
import sys

import tree

# Functions of the C library, by their whole name.
C_FUNCTIONS = {
    "clock": """
        clock clock_gettime clock_getres clock_nanosleep gettimeofday time times
        timespec_get ftime localtime localtime_r mktime nanosleep sleep usleep alarm
        setitimer timer_create timerfd_create
        """,
    "random": """
        rand rand_r srand random srandom drand48 lrand48 getrandom getentropy arc4random
        arc4random_buf arc4random_uniform randombytes randombytes_buf randombytes_random
        randombytes_uniform randombytes_stir
        """,
    "key from chance": """
        crypto_sign_keypair crypto_sign_ed25519_keypair crypto_box_keypair
        crypto_kx_keypair crypto_box_seal crypto_secretbox_keygen
        crypto_generichash_keygen crypto_aead_xchacha20poly1305_ietf_keygen
        crypto_auth_keygen crypto_kdf_keygen crypto_core_ed25519_random
        crypto_core_ed25519_scalar_random crypto_pwhash_str
        """,
    "socket": """
        socket socketpair bind listen accept accept4 connect send sendto sendmsg sendmmsg
        recv recvfrom recvmsg recvmmsg getaddrinfo gethostbyname getifaddrs setsockopt
        getsockopt getpeername getsockname
        """,
    "file": """
        open open64 openat openat64 creat creat64 fopen fopen64 freopen fdopen read write
        pread pread64 pwrite pwrite64 readv writev close unlink unlinkat rename renameat
        mkdir mkdirat rmdir stat stat64 fstat fstat64 lstat fsync fdatasync mmap mmap64
        ftruncate opendir readdir dup dup2 pipe pipe2 poll ppoll select epoll_create
        epoll_create1 epoll_wait inotify_init eventfd ioctl fcntl fcntl64 flock
        """,
    "environment": """
        getenv secure_getenv setenv putenv environ gethostname getpid getppid getuid
        geteuid getlogin getpwuid getpwnam uname sysconf setlocale
        """,
    "process or thread": """
        fork vfork execve execvp posix_spawn system popen kill raise signal sigaction
        pthread_create pthread_join pthread_mutex_lock pthread_cond_wait pthread_self
        sched_yield
        """,
}

# Everything else, by what the demangled name begins with or holds.
PATTERNS = {
    "clock": r"std::chrono::.*::now\b|std::chrono::.*(to_sys|tzdb|locate_zone)",
    "random": r"std::random_device|randombytes_(?!buf_deterministic)",
    "zmq": r"zmq_\w+|zmq::",
    "sqlite": r"sqlite3_\w+",
    "file": r"std::(basic_(i|o)?fstream|basic_filebuf|filesystem::(?!__cxx11::path))",
    "environment": r"std::locale::locale\(char",
    "process or thread": r"std::(thread|mutex|condition_variable|__future_base|this_thread)\b",
    "terminal": r"std::c(out|in|err|log)\b",
    "service manager": r"sd_(notify|journal|event|watchdog)\w*",
}


def undefined(archive):
    """The demangled names that `archive` takes from elsewhere, each with its object file."""
    output = subprocess.run(
        ["nm", "-uC", archive], check=True, capture_output=True, text=True).stdout
    member = archive
    for line in output.splitlines():
        if line.endswith(":"):
            member = line[:-1]
        elif line.strip():
            yield member, line.split(maxsplit=1)[1]


def check(archive):
    whole = {name: kind for kind, names in C_FUNCTIONS.items() for name in names.split()}
    complaints = []
    names = list(undefined(archive))
    if not names:
        complaints.append(f"{archive}: nm shows no name at all, so this check proves nothing")
    for member, name in names:
        bare = re.sub(r"@.*|^__(?=\w+_chk$)|_chk$", "", name)
        kind = whole.get(bare) or whole.get(re.sub(r"^_+", "", bare))
        for other, pattern in PATTERNS.items():
            kind = kind or (other if re.match(pattern, name) else None)
        if kind:
            complaints.append(f"{archive}({member}): {name}: {kind}")
    return complaints


if __name__ == "__main__":
    tree.report([complaint for archive in sys.argv[1:] for complaint in check(archive)])
