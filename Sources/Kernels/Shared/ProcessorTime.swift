import Foundation

/// Processor time: the time that processors really worked. Other programs on the machine change it little.
public enum ProcessorTime {
    /// Seconds of the calling thread so far. Cost: a system call.
    public static var ofThisThread: Double { seconds(CLOCK_THREAD_CPUTIME_ID) }

    /// Seconds of all threads of this process so far. Cost: a system call.
    public static var ofThisProcess: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

    /// Seconds of all threads of another process of this user so far; `nil` when it has ended. Cost: two system calls.
    public static func ofProcess(_ id: Int32) -> Double? {
        var clock = clockid_t()
        return clock_getcpuclockid(id, &clock) == 0 ? seconds(clock) : nil
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
