import Foundation

/// Child processes that start and end, one after the other on a thread of its own, while this object lives.
///
/// Each has a copy of every descriptor of this process until its exec, also of those with O_CLOEXEC. So what ends only when
/// all copies are closed, such as a lock that is not unlocked, ends late.
public final class StartingChildren {
    private let thread: Thread
    private let ended = DispatchSemaphore(value: 0)

    /// Returns when the first child has ended.
    public init() {
        let (ended, begun) = (ended, DispatchSemaphore(value: 0))
        thread = Thread {
            while !Thread.current.isCancelled {
                Self.runChild()
                begun.signal()
            }
            ended.signal()
        }
        thread.start()
        begun.wait()
    }

    deinit {
        thread.cancel()
        ended.wait()
    }

    private static func runChild() {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        if posix_spawnp(&pid, "true", nil, nil, &arguments, environ) == 0 { waitpid(pid, nil, 0) }
        free(arguments[0])
    }
}
