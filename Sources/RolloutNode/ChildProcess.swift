import Foundation

/// A process with pipes to its standard input and output, in a process group of its own. It shares this process's
/// standard error, and none of its other descriptors.
///
/// Not Foundation's `Process`, for three reasons. The child must not inherit the signals that this process ignores,
/// such as SIGTERM. A signal must reach the child's own children too. And reading must end when the child has died,
/// although one of its children still has the pipe open.
struct ChildProcess: Sendable {
    /// Why the process could not be started.
    struct Failure: Error {
        let call: String
        let code: Int32
        var description: String { "\(call): \(String(cString: strerror(code)))" }
    }

    let pid: pid_t
    /// This process's end to write, non-blocking after `setNonBlocking`.
    let input: Int32
    /// This process's end to read, non-blocking after `setNonBlocking`.
    let output: Int32

    /// Starts a program; a name without a slash is looked up in PATH.
    init(_ command: [String]) throws(Failure) {
        let (inputRead, inputWrite) = try Self.pipe()
        let (outputRead, outputWrite) = try Self.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, inputRead, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, outputWrite, STDOUT_FILENO)
        // SwiftNIO's sockets, and descriptors of libdispatch, lack FD_CLOEXEC: a connection would stay open for as long as
        // the program has it. The child closes them: a list made here would lack what another thread opens meanwhile.
        _ = Self.addCloseFrom?(&actions, STDERR_FILENO + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var (ignored, blocked) = (sigset_t(), sigset_t())
        sigemptyset(&ignored)
        sigemptyset(&blocked)
        for number in [SIGTERM, SIGINT, SIGPIPE] { sigaddset(&ignored, number) }
        posix_spawnattr_setsigdefault(&attributes, &ignored)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var arguments = command.map { strdup($0) }
        arguments.append(nil)
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, command[0], &actions, &attributes, arguments, environ)
        for argument in arguments { free(argument) }
        posix_spawnattr_destroy(&attributes)
        posix_spawn_file_actions_destroy(&actions)
        close(inputRead)
        close(outputWrite)
        guard code == 0 else {
            close(inputWrite)
            close(outputRead)
            throw Failure(call: "starting \(command[0])", code: code)
        }
        self.pid = pid
        input = inputWrite
        output = outputRead
    }

    private typealias AddCloseFrom =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32

    // Looked up, not imported: glibc (2.34 and later) declares it only for GNU's dialect of C.
    private static let addCloseFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast($0, to: AddCloseFrom.self)
    }

    /// A pipe. A process that another thread starts between the two calls would inherit it, but a rollout worker starts one
    /// at a time.
    private static func pipe() throws(Failure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw Failure(call: "pipe", code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Makes this process's ends non-blocking. The child's ends are not affected.
    func setNonBlocking() {
        for end in [input, output] { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
    }

    /// Signals the process and its children.
    func signal(_ number: Int32) {
        kill(-pid, number)
    }

    /// How the process ended; `nil` while it runs. Do not call it again after that: the pid may belong to another
    /// process.
    func reap() -> String? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) != 0 else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? "exit status \((status >> 8) & 0xFF)" : "signal \(signal)"
    }

    /// Waits until a descriptor is ready for `events`, or the time is over.
    static func wait(_ descriptor: Int32, for events: Int32, milliseconds: Int32) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&item, 1, milliseconds) > 0
    }
}
