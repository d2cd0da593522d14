import Cluster
import Glibc
import Synchronization
import Threads
import Wire
import ZeroMQ

/// A program of the user's: assignments as JSON lines on its standard input, rewards as JSON lines on its output.
///
/// Two threads a life: one writes and may wait for the program to read, one reads, signals and reaps. The reading one
/// waits when the mailbox is full, so that a program that talks faster than the cluster listens waits in its turn.
final class ProcessProgram: RolloutProgram {
    let stopTimeMax: Duration
    private let lines: Mailbox<[UInt8]>
    private let isStopping: Flag

    /// A flag that threads share; once raised, it stays.
    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isRaised: Bool { value.load(ordering: .relaxed) }
        func raise() { value.store(true, ordering: .relaxed) }
    }

    /// From the end of its input to SIGTERM: a program that reads to the end leaves by itself.
    private static let politeTime: Duration = .seconds(1)
    private static let tickMilliseconds: Int32 = 50
    /// What a pipe holds on Linux.
    private static let chunkBytes = 64 << 10

    /// Starts it; what it says goes to `words`.
    ///
    /// - Parameters:
    ///   - command: Name or path, then arguments.
    ///   - lineBytesMax: A longer line of its output is a bad line.
    ///   - graceTime: From SIGTERM to SIGKILL.
    init(
        _ command: [String], lineBytesMax: Int, graceTime: Duration, words: Mailbox<ProgramEvent>
    ) throws(RolloutError) {
        let child: ChildProcess
        let wakeup: Wakeup
        do {
            wakeup = try Wakeup()
        } catch {
            throw .thread(error)
        }
        do {
            child = try ChildProcess(command)
        } catch {
            throw .program(error.description)
        }
        child.neverWait()
        stopTimeMax = Self.politeTime + graceTime + .seconds(2)
        let (lines, isStopping) = (Mailbox<[UInt8]>(capacity: 4096, wakeup: wakeup), Flag())
        (self.lines, self.isStopping) = (lines, isStopping)
        let isOver = Flag()
        _ = DedicatedThread<Void, Never>.start(name: "program-in") { announce in
            announce(())
            Self.write(
                lines, to: child,
                until: { isStopping.isRaised || isOver.isRaised })
        }
        _ = DedicatedThread<Void, Never>.start(name: "program-out") { announce in
            announce(())
            var reader = Reader(child, lineBytesMax: lineBytesMax, graceTime: graceTime, words: words) {
                isStopping.isRaised
            }
            let ending = reader.run()
            isOver.raise()
            wakeup.signal()
            // A full mailbox is drained soon, or never: then nobody is there to be told.
            var tries = 0
            while words.send(.ended(ending)) == .full, tries < 10_000 {
                tries += 1
                usleep(1000)
            }
        }
    }

    func give(_ assignment: Assignment) {
        // Full: a program that has not read 4096 lines will be silent about this one too, and is dealt with for that.
        _ = lines.send(ProgramLine.text(of: assignment))
    }

    func stop() {
        isStopping.raise()
        lines.wakeup.signal()
    }

    /// Writes lines as the program reads them; closes its input when it is to end.
    private static func write(_ lines: Mailbox<[UInt8]>, to child: ChildProcess, until isOver: () -> Bool) {
        defer { close(child.input) }
        // A program that reads no more is an error of the write, not a reason to die.
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
                        return  // It has closed its input. Its end, or its silence, tells the rest.
                    }
                }
            }
        }
    }

    /// Reads to the end, and sees to it that there is one.
    private struct Reader {
        let child: ChildProcess
        let graceTime: Duration
        let words: Mailbox<ProgramEvent>
        let isStopping: () -> Bool
        private var cutter: LineCutter
        private var buffer = [UInt8](repeating: 0, count: ProcessProgram.chunkBytes)
        private let clock = ContinuousClock()
        /// When it was first seen to be over, and how far we went since.
        private var overSince: ContinuousClock.Instant?
        private var signalled: Int32 = 0

        init(
            _ child: ChildProcess, lineBytesMax: Int, graceTime: Duration, words: Mailbox<ProgramEvent>,
            isStopping: @escaping () -> Bool
        ) {
            (self.child, self.graceTime, self.words, self.isStopping) = (child, graceTime, words, isStopping)
            cutter = LineCutter(bytesMax: lineBytesMax)
        }

        /// Returns how the program ended.
        mutating func run() -> String {
            defer { close(child.output) }
            var isAtEnd = false
            var reads = 0
            while true {
                let isReady =
                    !isAtEnd
                    && ChildProcess.wait(child.output, for: POLLIN, milliseconds: ProcessProgram.tickMilliseconds)
                if isReady { isAtEnd = !read() }
                if isAtEnd { usleep(5000) }
                // While it talks it lives, but what talks may be what it has left behind: look now and then.
                reads += 1
                if isReady, !isAtEnd, !isStopping(), reads % Self.readsMax != 0 { continue }
                if isAtEnd || isStopping() { press() }
                guard let ending = child.reap() else { continue }
                // What it has started and left behind goes with it; what it has written is read.
                child.signal(SIGKILL)
                for _ in 0..<Self.readsMax
                where !isAtEnd && ChildProcess.wait(child.output, for: POLLIN, milliseconds: 0) {
                    isAtEnd = !read()
                }
                if let line = cutter.end() { tell(line) }
                return ending
            }
        }

        private static let readsMax = 64

        /// `false` at the end of its output.
        private mutating func read() -> Bool {
            let count = Glibc.read(child.output, &buffer, ProcessProgram.chunkBytes)
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            for line in cutter.add(buffer[..<count]) { tell(line) }
            return count > 0
        }

        /// Asks it to end, each time more firmly.
        private mutating func press() {
            let since = overSince ?? clock.now
            overSince = since
            let time = clock.now - since
            let wanted =
                time < ProcessProgram.politeTime ? 0 : time < ProcessProgram.politeTime + graceTime ? SIGTERM : SIGKILL
            guard wanted != signalled else { return }
            signalled = wanted
            child.signal(wanted)
        }

        private func tell(_ line: LineCutter.Line) {
            switch line {
            case .text(_, let bytes) where bytes.allSatisfy({ $0 == UInt8(ascii: " ") }): break
            case .text(let number, let bytes):
                switch ProgramLine.report(bytes) {
                case .success(let report): post(.report(report))
                case .failure(let problem): post(.badLine(number, problem.text))
                }
            case .tooLong(let number, let bytes): post(.badLine(number, "it has \(bytes) bytes"))
            }
        }

        private func post(_ word: ProgramEvent) {
            while words.send(word) == .full, !isStopping() { usleep(1000) }
        }
    }
}
