import Cluster
import Glibc
import Synchronization
import Threads
import Wire
import ZeroMQ

/// A user's program: assignments as JSON lines on its standard input, rewards as JSON lines on its standard output.
///
/// Two threads for each process. One writes, and may wait for the program to read. The other reads, signals and reaps;
/// it waits while the mailbox is full, so a program that writes faster than the cluster reads is slowed down.
final class ProcessProgram: RolloutProgram {
    let stopTimeMax: Duration
    private let lines: Mailbox<[UInt8]>
    private let isStopping = StopFlag()

    /// From the end of its input to SIGTERM: a program that reads to the end exits by itself.
    static let politeTime: Duration = .seconds(1)
    static let tickMilliseconds: Int32 = 50
    /// Bytes that a pipe holds on Linux.
    static let chunkBytes = 64 << 10

    /// Starts the program; its events go to `events`.
    ///
    /// - Parameters:
    ///   - command: Name or path, then arguments.
    ///   - lineBytesMax: Maximum bytes of an output line; a longer one is a bad line.
    ///   - graceTime: From SIGTERM to SIGKILL.
    init(
        _ command: [String], lineBytesMax: Int, graceTime: Duration, events: Mailbox<ProgramEvent>
    ) throws(RolloutError) {
        let child: ChildProcess
        do {
            lines = try Mailbox(capacity: 4096)
        } catch {
            throw .thread(error)
        }
        do {
            child = try ChildProcess(command)
        } catch {
            throw .program(error.description)
        }
        child.setNonBlocking()
        stopTimeMax = Self.politeTime + graceTime + .seconds(2)
        let (lines, isStopping, isOver) = (lines, isStopping, StopFlag())
        _ = DedicatedThread<Void, Never>.start(name: "program-in") { announce in
            announce(())
            Self.write(lines, to: child, until: { isStopping.isRaised || isOver.isRaised })
        }
        _ = DedicatedThread<Void, Never>.start(name: "program-out") { announce in
            announce(())
            var reader = ProcessReader(
                child, lineBytesMax: lineBytesMax, graceTime: graceTime, events: events, isStopping: isStopping)
            let ending = reader.run()
            isOver.raise()
            lines.wakeup.signal()
            // A full mailbox is drained soon. If it is not within 10 s, no one reads it any more.
            var tries = 0
            while events.send(.ended(ending)) == .full, tries < 10_000 {
                tries += 1
                usleep(1000)
            }
        }
    }

    func run(_ assignment: Assignment) {
        // When full: a program that has not read 4096 lines is silent about this one too, and is ended for its silence.
        _ = lines.send(ProgramLine.text(of: assignment))
    }

    func stop() {
        isStopping.raise()
        lines.wakeup.signal()
    }

    /// Writes lines as the program reads them; closes its input when it must end.
    private static func write(_ lines: Mailbox<[UInt8]>, to child: ChildProcess, until isOver: () -> Bool) {
        defer { close(child.input) }
        // If the program has closed its input, the write must fail and must not end this process by SIGPIPE.
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, nil)
        while !isOver() {
            _ = lines.wakeup.wait(for: .seconds(1))
            for line in lines.drain() {
                var rest = line[...]
                while !rest.isEmpty {
                    if isOver() { return }
                    guard ChildProcess.wait(child.input, for: POLLOUT, milliseconds: tickMilliseconds) else { continue }
                    let chunk = Array(rest.prefix(chunkBytes))
                    let count = Glibc.write(child.input, chunk, chunk.count)
                    if count > 0 {
                        rest = rest.dropFirst(count)
                    } else if errno != EAGAIN, errno != EINTR {
                        return  // The program has closed its input; its end or its silence is handled elsewhere.
                    }
                }
            }
        }
    }
}
