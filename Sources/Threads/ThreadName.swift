import Glibc

/// What Linux shows of a thread, as in `top -H`.
enum ThreadName {
    /// Names the calling thread; Linux shows the first 15 bytes. Without /proc, nothing happens.
    ///
    /// `Thread.name` of Foundation does nothing before the thread has started, nor on the thread itself as long as `start()` has
    /// not returned on the one that starts it. `pthread_setname_np` is not in the module of glibc.
    static func set(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        var bytes = Array(name.utf8.prefix(15))
        _ = write(file, &bytes, bytes.count)
        close(file)
    }
}
